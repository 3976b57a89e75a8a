"""Sequences with targets and splits, for sequence networks."""
