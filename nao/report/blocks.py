"""The building blocks of the page's words and tables."""

from collections.abc import Collection, Iterable, Sequence

from nao.report.markup import Child, Element, element


def section(title: str, *children: Child) -> Element:
    """Returns a part of the page under a heading."""
    return element("section", {}, element("h2", {}, title), *children)


def table(
    head: Sequence[str], rows: Iterable[Sequence], right: Collection[int] = ()
) -> Element:
    """Returns a table that scrolls by itself where it is too wide.

    Args:
        head: Names of the columns; where all are empty there is no head.
        rows: Cells of each row: elements, or what is shown as text.
        right: Columns of numbers, by their place, which are aligned to the right.
    """
    kinds = ["number" if i in right else None for i in range(len(head))]
    names = [
        element("th", {"scope": "col", "class": kind}, name)
        for name, kind in zip(head, kinds, strict=True)
    ]
    body = [element("tr", {}, *map(_cell, row, kinds)) for row in rows]
    return element(
        "div",
        {"class": "scroll"},
        element(
            "table",
            {},
            element("thead", {}, element("tr", {}, *names)) if any(head) else None,
            element("tbody", {}, *body),
        ),
    )


def _cell(content: object, kind: str | None) -> Element:
    inner = content if isinstance(content, Element) else str(content)
    return element("td", {"class": kind}, inner)


def tiles(numbers: Iterable[tuple[str, str]]) -> Element:
    """Returns large numbers side by side; each comes as its text and its name."""
    return element(
        "dl",
        {"class": "tiles"},
        *[
            element("div", {}, element("dt", {}, name), element("dd", {}, value))
            for value, name in numbers
        ],
    )


def copyable(text: str | None) -> Element | None:
    """Returns a text with a button that copies it; None for None."""
    if text is None:
        return None
    button = element("button", {"type": "button", "class": "copy"}, "Copy")
    return element("div", {"class": "copyable"}, element("code", {}, text), button)


def details(title: str, content: Element) -> Element:
    """Returns a title; a click on it shows the content."""
    return element("details", {}, element("summary", {}, title), content)


def duration(seconds: float) -> str:
    """Writes seconds in the largest units that fit, as `1 h 5 min`."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
