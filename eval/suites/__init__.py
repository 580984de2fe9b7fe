"""Suites: scores of answered questions."""
