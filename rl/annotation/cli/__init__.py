"""The verbs ``inforce labels``."""
