"""Suites: scores computed from answered questions."""
