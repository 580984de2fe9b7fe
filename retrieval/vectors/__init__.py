"""Encoders, date-masked vectors, and fusion with the ranking by words."""
