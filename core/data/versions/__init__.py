"""Versions of a data set: labels changed and images left out, as a list of edits; nothing on disk is altered."""
