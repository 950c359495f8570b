"""Benchmarks: gridopt beside other tools, on the same data, in turn, in fresh processes (docs/benchmarks.md)."""
