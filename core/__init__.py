"""Anneal's core: everything a page does, as a library without a page in sight.

Nothing in here imports streamlit, and importing a package of it does not import torch until a
module that computes with tensors is imported.
"""
