"""Tokens, normalisation, analyzers, stop words and snippets."""
