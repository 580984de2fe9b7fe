"""Run directory: settings, metrics, checkpoints, progress and report."""
