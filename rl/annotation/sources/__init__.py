"""Sources of labels during a training run: the only place that may read a gold answer there."""
