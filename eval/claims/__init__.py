"""One experiment per claim of the literature: claimed, published, measured against a control."""
