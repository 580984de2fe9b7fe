"""What must be settled before anything is searched: the place, the days, which of them count."""
