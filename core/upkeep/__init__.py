"""What the workspace holds beside runs: caches, clearing them, and the check for damage."""
