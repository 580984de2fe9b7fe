"""The methods that a recipe can name: ``settings.py`` for all, and a file of tensors for each.

A method's ``kind`` names it in a recipe, alone (``clip = "nsr"``) or with its settings
(``clip = {kind = "nsr", p = 0.2}``). ``docs/methods.md`` explains them all.
"""
