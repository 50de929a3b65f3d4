"""Parts of the LR finder page."""
