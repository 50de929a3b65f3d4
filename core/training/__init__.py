"""Stages and plans, schedules, the learner, and the LR finder."""
