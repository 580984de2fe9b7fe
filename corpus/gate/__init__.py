"""Whether a text applies to a case, beyond being in force: the one gate before anything is said."""
