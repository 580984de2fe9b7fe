"""Akoma Ntoso 3.0 (LegalDocML) and its German profile."""
