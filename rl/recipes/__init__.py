"""Recipes: the typed settings of a training run. Free of torch."""
