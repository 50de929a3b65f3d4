"""What a study does on a run: one module for each question of `core.results.studies`."""
