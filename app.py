"""Home: what Anneal is, the lesson's recipe, and the runs made last."""

from pages.ui.frame import begin

begin(
    "Anneal",
    ":material/local_fire_department:",
    lead="Train an image classifier and see every decision that makes it good.",
)
