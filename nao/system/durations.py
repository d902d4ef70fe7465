"""Short durations as text."""


def short(seconds: float) -> str:
    """Writes a duration in two digits, of a unit that needs few zeros: `0.05 ms`."""
    if not seconds:
        return "0 s"
    if seconds >= 99.5:
        return f"{seconds:.0f} s"
    if seconds >= 0.0995:
        return f"{seconds:.2g} s"
    milliseconds = 1000 * seconds
    return f"{milliseconds:.2g} ms" if milliseconds >= 0.0095 else "< 0.01 ms"
