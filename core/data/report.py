"""What there is in a data set and what is wrong with it, as plain values."""

from collections import Counter
from typing import Any

import numpy as np

from core.data.dataset import DataSet
from core.data.health import findings


def inspect(data: DataSet) -> dict[str, Any]:
    """JSON of a data set.

    `classes` (name -> images), `splits` (split -> images), `sizes` (smallest, median and largest [width,
    height] by area, or None), `broken` (path and reason each), `duplicates`, `leaks` (across the split) and
    `conflicts` (across classes) as lists of names with the same bytes, `fingerprint`, `reading` (where the classes
    come from, whether that is certain, what to ask, and each folder's part and why) and `findings` (level "bad" or
    "note", title and advice each).
    """
    labels = np.bincount(data.used.labels, minlength=len(data.classes)).tolist()
    splits = Counter(data.used.splits())
    return {
        "data": data.spec,
        "title": data.title,
        "images": len(data.used),
        "classes": {name: labels[label] for label, name in enumerate(data.classes)},
        "splits": dict(splits),
        "split_origin": data.split_origin,
        "sizes": _sizes(data),
        "broken": [{"path": broken.path, "reason": broken.reason} for broken in data.broken],
        "duplicates": [list(names) for names in data.duplicates],
        "leaks": [list(names) for names in data.leaks],
        "conflicts": [list(names) for names in data.conflicts],
        "fingerprint": data.fingerprint,
        "reading": {"certain": data.reading.certain, **data.reading.model_dump(mode="json")},
        "findings": [
            {"level": finding.level, "title": finding.title, "advice": finding.advice}
            for finding in findings(data)
            if finding.level != "good"
        ],
    }


def _sizes(data: DataSet) -> dict[str, list[int]]:
    by_area = np.argsort(data.used.widths * data.used.heights, kind="stable")
    median = by_area[int(np.ceil(len(by_area) / 2)) - 1]
    chosen = {"smallest": by_area[0], "median": median, "largest": by_area[-1]}
    return {name: [int(data.used.widths[i]), int(data.used.heights[i])] for name, i in chosen.items()}
