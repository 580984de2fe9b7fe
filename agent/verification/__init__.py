"""The verifier: checks of a draft before it ships."""
