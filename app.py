"""Home: what Anneal is, the lesson's recipe and how far the current run has come, and the runs made last."""

from pages.ui.errors import shown
from pages.ui.frame import begin
from pages.ui.home.benchmark import speed_view
from pages.ui.home.overfit import ABOUT, overfit_view
from pages.ui.home.view import first_choices, recent_runs, recipe_view

LEAD = (
    "Train an image classifier and see every decision that makes it good: the pictures, the learning rate, how it is "
    "annealed, what unfreezing does, where the network errs. It runs on this machine; nothing leaves it."
)

context = begin("Anneal", ":material/local_fire_department:", lead=LEAD)
first_choices(context)
recipe_view(context.run, f"{LEAD} {ABOUT}")
overfit_view(context)
with shown():
    recent_runs(context.workspace)
speed_view(context.workspace)
