"""CLML: legislation of the United Kingdom."""
