"""One file per page of the app, and the components of the pages."""
