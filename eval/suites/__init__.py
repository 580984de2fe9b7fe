"""Suites: what questions with known answers say of whoever answered them."""
