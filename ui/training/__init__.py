"""What the Training page shows of the directory of a run."""
