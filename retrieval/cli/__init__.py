"""Verbs of retrieval."""
