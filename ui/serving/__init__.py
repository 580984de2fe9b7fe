"""Several processes of the app behind one address."""
