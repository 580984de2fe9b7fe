"""Mutations of the training code: each must be caught by a test."""
