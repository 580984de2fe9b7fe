"""The words of the interface: one catalogue file for each language (``en.toml``, ``fr.toml`` …)."""
