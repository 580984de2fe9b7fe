"""The verifier: what a draft must satisfy before it ships."""
