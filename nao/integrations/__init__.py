"""nao inside other programs."""
