"""Experiments that test the published claims of training methods against controls."""
