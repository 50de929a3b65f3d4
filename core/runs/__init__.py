"""A model's life on disk: the run folder, the worker process that fills it, and the queue of jobs."""
