"""Probes that estimate where a label would change what is learnt. Needs torch."""
