"""Parts of the Confusion matrix page."""
