"""One file for each section of the report: what it shows of a result, or why it can't."""
