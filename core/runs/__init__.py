"""A run on disk: its folder, history, weights, and the plan being edited."""
