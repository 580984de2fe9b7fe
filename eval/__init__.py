"""Is it better, and how sure are we: suites, metrics, claims and benchmarks."""
