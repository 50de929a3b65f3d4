"""The parts of the Mend page."""
