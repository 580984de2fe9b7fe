"""Command-line verbs of the agent."""
