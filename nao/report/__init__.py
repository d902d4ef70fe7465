"""Figures: the cells of an architecture, the progress of a search."""
