"""Gather results in one page."""
