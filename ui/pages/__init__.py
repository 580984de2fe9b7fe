"""One file per page of the app, and what a page is made of."""
