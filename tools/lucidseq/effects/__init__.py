"""Score variants with a network."""
