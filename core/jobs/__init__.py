"""Jobs: the queue, and what each kind of job does on a run."""
