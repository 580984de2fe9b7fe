"""Training questions and the library that they are about."""
