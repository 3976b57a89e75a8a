"""Train sequence networks, apply them, and measure how good they are."""
