"""What a trained model does: predictions, the confusion matrix, top losses, a diagnosis."""
