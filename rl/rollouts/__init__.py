"""Rollouts: run questions through the graph, batch their requests, convert them for TRL."""
