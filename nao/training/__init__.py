"""The final training of one architecture, and its export."""
