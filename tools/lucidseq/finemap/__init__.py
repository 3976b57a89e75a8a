"""Fine mapping: which variants of an associated locus cause the association."""
