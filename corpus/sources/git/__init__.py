"""Legislation kept as Markdown in git."""
