"""The trainer and what it is assembled from."""
