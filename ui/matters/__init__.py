"""Matters on the page and on the command line."""
