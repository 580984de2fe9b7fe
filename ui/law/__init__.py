"""Reading the law of a date: addresses, cached acts and HTML of the Law and Coverage pages."""
