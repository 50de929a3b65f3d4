"""Files that go out with an exported model; they import nothing of Anneal."""
