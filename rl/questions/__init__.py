"""The questions a recipe trains on, and the library they are about."""
