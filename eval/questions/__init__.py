"""Questions written by hand, in lay and in statute words, with the versions that answer them."""
