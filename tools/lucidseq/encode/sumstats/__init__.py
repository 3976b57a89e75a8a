"""Summary statistics: association tests, and harmonising files of any dialect."""
