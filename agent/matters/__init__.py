"""Matters: questions, notes, facts and dates of a case together; alerts on what they cite."""
