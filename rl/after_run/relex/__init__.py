"""Weight extrapolation (RELEX): a line through the snapshots of a run, and its guard."""
