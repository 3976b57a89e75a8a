"""Explain networks base by base."""
