"""A server for several people: its settings, its visitors, and what none of them may do."""
