"""The four dated tools, their schemas, and the execution of calls."""
