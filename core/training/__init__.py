"""Stages and plans, schedules, the learner, and the learning rate finder."""
