"""Parse a citation, and resolve it to the provision that had that number on the date."""
