"""The trainer and the parts that it is assembled from."""
