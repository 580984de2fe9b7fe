"""Language data: one folder per language, one TOML file per subject.

``tables.py`` reads the files; other modules offer each subject to the rest of the code. A language
is added by adding its folder: no code names a language. ``docs/adding-a-country.md`` lists the
files and their fields.
"""
