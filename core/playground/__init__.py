"""Gradient descent on surfaces, and restarts on a loss with several minima: what the Learning rate page plays."""
