"""The Search page: its address, its filters, saved searches and HTML."""
