"""The plan: its stages as cards, and their settings as widgets."""
