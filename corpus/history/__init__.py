"""Histories of provisions from snapshots of a work: identity, numbers, intervals."""
