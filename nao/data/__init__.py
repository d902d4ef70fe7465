"""Images as arrays, in fixed parts."""
