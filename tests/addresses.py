"""The pages that the app's navigation names, for tests and benchmarks that look at every one."""

from pathlib import Path

from pages.ui.frame import PAGES

ADDRESSES = tuple("" if path == "app.py" else Path(path).stem for path, _, _ in PAGES)
"""What stands behind the host for each page, "" for Home, in the order of the lesson."""
