"""The live solver: compiled problems, lazily added limits."""
