"""The run directory: settings, metrics, checkpoints, progress and report."""
