"""Data frame in, altair chart out. Knows nothing of runs, models or pages."""
