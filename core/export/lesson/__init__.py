"""A run as a lesson that repeats it: a script, or a notebook of the same cells."""
