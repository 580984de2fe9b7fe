"""Find the provision in force on a date: the query contract and the index engines."""
