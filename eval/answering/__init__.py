"""Fitting and measuring the score of answers."""
