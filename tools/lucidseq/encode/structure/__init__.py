"""Relatedness and principal components of samples, and splits that respect both."""
