"""`python -m tests.faults --trials 500`: faults at write boundaries and random moments, and what came of each."""

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.faults.trials import Laboratory, Trial, laboratory


def main() -> int:
    """Do the trials; 1 when something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="number of the first trial")
    options = parser.parse_args()
    done: Counter[str] = Counter()
    failed = 0
    began = time.monotonic()
    with laboratory() as folder:
        room = Laboratory(Path(folder))
        for number in range(options.first, options.first + options.trials):
            trial = Trial.of(number)
            found = room.run(trial)
            done[f"{trial.work}, {'server' if trial.server else 'worker'} {trial.how}"] += 1
            if found:
                failed += 1
                print(found, flush=True)
            if number % 25 == 24:
                print(f"{sum(done.values())} trials, {failed} failed, {time.monotonic() - began:.0f} s", flush=True)
    for kind, count in sorted(done.items()):
        print(f"{count:5} {kind}")
    print(f"{sum(done.values())} trials, {failed} failed; in {room.missed} nothing came of the fault")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
