"""The law and its dates: data model, store, sources, rules for the governing date."""
