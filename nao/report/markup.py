"""HTML and SVG as elements: whatever a user wrote is text in them, never markup."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

Element = ElementTree.Element
# Characters that show nothing, or turn the direction of all that follows.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
Child = Element | str | int | None


def element(tag: str, attributes: Mapping | None = None, *children: Child) -> Element:
    """Makes an element; attributes and children that are None are left out."""
    present = {k: str(v) for k, v in (attributes or {}).items() if v is not None}
    made = Element(tag, present)
    for child in children:
        append(made, child)
    return made


def append(parent: Element, child: Child) -> None:
    """Adds an element or a text as the last child; None adds nothing."""
    if child is None:
        return
    if isinstance(child, Element):
        parent.append(child)
    elif len(parent):  # ElementTree keeps text behind an element as its tail
        parent[-1].tail = (parent[-1].tail or "") + str(child)
    else:
        parent.text = (parent.text or "") + str(child)


def data_script(name: str, data: Any) -> Element:
    """Returns a script element that holds JSON data, with `name` as its id."""
    # The text of a script is not escaped, so nothing in it may look like a tag.
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    return element("script", {"type": "application/json", "id": name}, text)


def to_html(root: Element) -> str:
    """Writes a whole document; U+FFFD stands for characters that show nothing."""
    body = ElementTree.tostring(root, encoding="unicode", method="html")
    body = _HIDDEN.sub("\ufffd", body)
    return f"<!doctype html>\n{body}\n"
