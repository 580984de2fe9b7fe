"""The agent: its graph, tools, policies and verifier."""
