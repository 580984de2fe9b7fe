"""Benchmarks: run by hand, printed with spread, never part of the suite."""
