"""Reading a citation, and answering it from the provision that bore that number on the day."""
