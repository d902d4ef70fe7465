"""The building blocks of the page's words and tables."""

from collections.abc import Iterable, Sequence

from nao.report.markup import Child, Element, element


def section(title: str, *children: Child) -> Element:
    """Returns a part of the page under a heading."""
    return element("section", {}, element("h2", {}, title), *children)


def table(head: Sequence[str], rows: Iterable[Sequence]) -> Element:
    """Returns a table of texts; without names of columns it has no head."""
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
