"""Test genes and gene sets for association."""
