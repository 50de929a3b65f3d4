"""The command line, `python -m core`: what its options are, what each command does, what it writes."""
