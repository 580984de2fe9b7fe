"""Rollouts of the serving graph: batching, samplers, and the columns TRL reads."""
