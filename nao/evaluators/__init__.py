"""Where the number of an architecture comes from."""
