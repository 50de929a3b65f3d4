"""`python -m tests.fuzz.run_files --edits 500`: edits a real run's files, opens everything, and lists what escaped."""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz import edits, opening, real_run


def main() -> int:
    """Edit, open, and say what was found; 1 when a traceback reached a person."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first edit")
    parser.add_argument("--only", default="", metavar="TEXT", help="only of files with this in their path")
    parser.add_argument("--quick", action="store_true", help="the pages of a run and three commands")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anneal-fuzz-") as folder:
        root = Path(folder)
        with opening.at_home(root / "home"):
            run, whole = real_run.make(root / "home", real_run.pictures(root / "pictures.zip"))
        files = [path for path in edits.files_of(root / "home", root / "home") if whole.id not in path.parts]
        files = [path for path in files if options.only in str(path)]
        found: Counter[str] = Counter()
        started = time.monotonic()
        for seed in range(options.first, options.first + options.edits):
            edit = edit_of(seed)
            home = root / f"edited-{seed}"
            edits.copy(root / "home", home)
            path = edit.apply(home, files)
            with opening.at_home(home):
                pages, most = (opening.OF_A_RUN, 3) if options.quick else (opening.PAGES, None)
                ways = (opening.on_pages(run.id, whole.id, pages), opening.in_shell(run.id, whole.id, most))
                for escaped in (one for way in ways for one in way):
                    if not found[escaped.key]:
                        print(f"\n== edit {seed}, {path.relative_to(home)}: {edit.kind}; {escaped.where}")
                        print("\n".join(escaped.said.splitlines()[-14:]), flush=True)
                    found[escaped.key] += 1
            edits.remove(home)
            if seed % 50 == 49:
                print(f"{seed + 1 - options.first} edits after {time.monotonic() - started:.0f} s", flush=True)
        print(f"\n{options.edits} edits of {len(files)} files in {time.monotonic() - started:.0f} s")
        for key, count in found.most_common():
            print(f"{count:5} {key}")
    return int(bool(found))


def edit_of(seed: int) -> edits.Edit:
    """The edit with this number."""
    draws = random.Random(seed)
    return edits.Edit(draws.randrange(10**6), draws.randrange(10**6), draws.choice(edits.KINDS))


if __name__ == "__main__":
    sys.exit(main())
