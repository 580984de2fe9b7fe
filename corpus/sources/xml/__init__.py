"""Shared code of the adapters of XML formats."""
