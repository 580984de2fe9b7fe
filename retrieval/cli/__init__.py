"""Command-line verbs of retrieval."""
