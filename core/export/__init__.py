"""A run's network as a file to take away, and the check that the file says what the app says."""
