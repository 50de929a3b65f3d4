"""One thread for all tests, set before torch is imported: sums in another order are other numbers in the last place."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
