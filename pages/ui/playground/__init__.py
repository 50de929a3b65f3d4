"""Parts of the Learning rate page."""
