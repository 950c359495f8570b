"""Results: dataset, summary, files."""
