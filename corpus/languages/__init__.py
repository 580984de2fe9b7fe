"""Language data: one folder per language, one TOML file per subject.

``tables.py`` reads the files; a module beside it gives each subject to the other rooms. A language
is added by adding its folder: no code names a language. ``docs/adding-a-country.md`` lists the
files and their fields.
"""
