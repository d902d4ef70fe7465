"""The building blocks of the page's words and tables."""

from collections.abc import Iterable, Sequence

from nao.report.markup import Child, Element, element


def section(title: str, *children: Child) -> Element:
    """Returns a part of the page."""
    return element("section", {}, element("h2", {}, title), *children)


def table(head: Sequence[str], rows: Iterable[Sequence]) -> Element:
    """Returns a plain table; an empty head is left out."""
    names = [element("th", {"scope": "col"}, name) for name in head]
    return element(
        "div",
        {"class": "scroll"},
        element(
            "table",
            {},
            element("thead", {}, element("tr", {}, *names)) if any(head) else None,
            element(
                "tbody",
                {},
                *[
                    element("tr", {}, *[element("td", {}, str(cell)) for cell in row])
                    for row in rows
                ],
            ),
        ),
    )


def tiles(tiles: Iterable[tuple[str, str]]) -> Element:
    """Returns large numbers, each with what it is."""
    return element(
        "dl",
        {"class": "tiles"},
        *[
            element("div", {}, element("dt", {}, name), element("dd", {}, value))
            for value, name in tiles
        ],
    )


def copyable(text: str | None) -> Element | None:
    """Returns a text with a button that copies it; None for None."""
    if text is None:
        return None
    button = element("button", {"type": "button", "class": "copy"}, "Copy")
    return element("div", {"class": "copyable"}, element("code", {}, text), button)


def details(title: str, content: Element) -> Element:
    """Returns what opens at a click."""
    return element("details", {}, element("summary", {}, title), content)
