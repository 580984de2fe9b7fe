"""Verbs of the agent."""
