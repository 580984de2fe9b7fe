"""Recipes: typed settings of a training run, free of torch."""
