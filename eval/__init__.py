"""Evaluation: suites, metrics, claims about training methods, benchmarks."""
