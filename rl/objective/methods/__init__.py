"""Training methods: all settings in ``settings.py``, the tensor code of each in a file of its own.

A recipe names a method by its ``kind``, alone (``clip = "nsr"``) or with settings (``clip = {kind =
"nsr", p = 0.2}``). ``docs/methods.md`` describes every method.
"""
