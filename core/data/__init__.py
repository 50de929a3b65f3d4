"""From a source of images to batches: sources -> index -> split -> decoded pixels -> batches."""
