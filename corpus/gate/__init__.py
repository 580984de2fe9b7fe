"""The applicability gate: whether a text in force applies to a case."""
