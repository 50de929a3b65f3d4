"""Home: what Anneal is, the lesson's recipe and how far the current run has come, and the runs made last."""

from core.hosting.settings import is_hosted
from pages.ui.errors import shown
from pages.ui.frame import begin
from pages.ui.home.benchmark import speed_view
from pages.ui.home.overfit import ABOUT, overfit_view
from pages.ui.home.view import first_choices, recent_runs, recipe_view

LEAD = (
    "Train an image classifier and see every decision that makes it good: the pictures, the learning rate, how it is "
    "annealed, what unfreezing does, where the network errs."
)
HERE = " It runs on this machine; nothing leaves it."
"""Said on a person's own machine only."""

lead = LEAD if is_hosted() else LEAD + HERE
context = begin("Anneal", ":material/local_fire_department:", lead=lead)
first_choices(context)
recipe_view(context.run, f"{lead} {ABOUT}")
overfit_view(context)
with shown():
    recent_runs(context.workspace)
if context.workspace.host is None:
    speed_view(context.workspace)
