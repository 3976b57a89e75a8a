"""Annotations of variants or windows: features from intervals, signal tracks, genes, tables and models."""
