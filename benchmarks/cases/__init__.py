"""Seeded inputs of the benchmarks, and the same inputs as plain arrays for the peers."""
