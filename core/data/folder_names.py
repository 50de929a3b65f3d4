"""What folders are called in the wild: wrappers, masks beside images, and what systems leave behind."""

import re
import unicodedata

IMAGES = frozenset(
    "images image imgs img photos photo pictures pics jpegimages jpgs jpg jpegs png pngs frames rgb".split()  # noqa: SIM905
)
"""Names of folders that hold the pictures where annotations lie beside them."""

ANNOTATIONS = frozenset(
    "annotations annotation annots annot masks mask labels label labeltxt segmentation segmentations "  # noqa: SIM905
    "segmentationclass segmentationobject segmaps seg trimaps trimap groundtruth ground_truth gt bbox bboxes boxes "
    "keypoints landmarks contours depth depths alpha alphas mattes heatmaps".split()
)
"""Names of folders that describe pictures lying elsewhere."""

THUMBNAILS = frozenset(
    "thumbs thumb thumbnails thumbnail _thumbs _thumbnails previews preview small_thumbs webthumbs".split()  # noqa: SIM905
)

PAPERS = frozenset(
    "docs doc documentation assets asset screenshots screenshot static figures figs media readme readme_images "  # noqa: SIM905
    "notebooks notebook scripts src results logs runs wandb mlruns lightning_logs checkpoints weights outputs".split()
)
"""Folders of a repository that lie beside the data."""

UNLABELLED = frozenset(
    "pred preds predict prediction predictions unlabeled unlabelled unlabel unsup submission".split()  # noqa: SIM905
)
"""Folders of pictures that nobody has given a class."""

PLACEHOLDER = ".icloud"
"""Ending of the hidden file that iCloud leaves where an image is not on this computer: .IMG_1.jpg.icloud."""

_CLUTTER = {
    **dict.fromkeys(("__macosx", "icon\r", ".ds_store"), "made by macOS"),
    **dict.fromkeys(("thumbs.db", "desktop.ini", "$recycle.bin", "recycler", "recycled"), "made by Windows"),
    **dict.fromkeys(("system volume information", "msocache", "found.000", "found.001"), "made by Windows"),
    **dict.fromkeys(("@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin", "@recycle"), "made by a NAS"),
    **dict.fromkeys(("@recently-snapshot", "@__thumb", "zbthumbnail.info"), "made by a NAS or a photo program"),
    **dict.fromkeys(("lost+found", "lost.dir"), "made by a file system"),
    **dict.fromkeys(("__pycache__", "node_modules", "ehthumbs.db", "picasa.ini"), "made by a program"),
}


def clutter(name: str) -> str:
    """Who left a file or folder of this name behind ("made by a NAS"); "" for one that a person made."""
    if name.startswith("."):
        return "" if name.endswith(PLACEHOLDER) else "hidden"
    lower = name.casefold()
    if lower.startswith("$"):
        return "made by Windows" if lower.startswith(("$recycle", "$windows", "$winre", "$sysreset", "$extend")) else ""
    return _CLUTTER.get(lower, "")


def is_ignored(name: str) -> bool:
    """Whether a posix name lies in what systems leave behind: hidden files, `__MACOSX`, `Thumbs.db`, `@eaDir`."""
    return any(clutter(part) for part in name.split("/"))


def is_called(name: str, names: frozenset[str]) -> bool:
    """Whether a folder has one of `names`, in any case and with a number or "_" around it."""
    lower = one_form(name).casefold().strip(" _-0123456789")
    return lower in names or re.sub(r"[\s_-]+", "_", lower) in names


def one_form(name: str) -> str:
    """A name in composed form (NFC), in which names that look the same are the same."""
    return unicodedata.normalize("NFC", name)


def alike(name: str) -> str:
    """What names have in common that differ only in case or white space."""
    return " ".join(one_form(name).split()).casefold()


def in_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key with numbers as numbers: 1, 2, 10; a2, a10. Equal keys are told apart by the name itself."""
    parts = re.split(r"([0-9]{1,18})", name)
    keys = [(0, int(part), "") if number % 2 else (1, 0, part) for number, part in enumerate(parts) if part]
    return (*keys, (-1, 0, name))
