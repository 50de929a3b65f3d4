"""Backbones, their layer groups, freezing, and precomputed activations."""
