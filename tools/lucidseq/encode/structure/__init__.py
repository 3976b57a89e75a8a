"""Who is related to whom, where the samples lie on principal components, and splits that respect both."""
