"""A page in headless Chromium: what a script finds there, and what the console says."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"),
)
# The last script of the page, so the page's own has run.
_HARNESS = """
<script>
const visit = () => { %s };
let told;
try { told = visit(); } catch (error) { told = String(error); }
const note = document.createElement("pre");
note.id = "told";
note.textContent = JSON.stringify(told);
parent.document.body.append(note);  // of the page itself, or around it
</script>
"""
# Windows are 500 pixels wide at least; a frame has the width of a phone.
_LEAST_WIDTH = 500
_FRAME = """<!doctype html><body style="margin: 0">
<iframe srcdoc="%s" style="width: %dpx; height: %dpx; border: 0"></iframe></body>"""


def visit(
    page: pathlib.Path, script: str, size: tuple[int, int] = (1280, 900)
) -> tuple[object, list[str]]:
    """Opens a page and runs a script there.

    Args:
        page: The file.
        script: Body of a JavaScript function, which returns what JSON can hold.
        size: Width and height of the window, or of a phone's screen.

    Returns:
        What the script returned, and the lines of the console.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip(f"needs a browser, one of {', '.join(_NAMES)}")
    copy = page.with_name("visited.html")
    text = page.read_text("utf-8")
    head, body = text.rsplit("</body>", 1)
    text = f"{head}{_HARNESS % script}</body>{body}"
    if size[0] < _LEAST_WIDTH:
        text = _FRAME % (html.escape(text), *size)
    copy.write_text(text, "utf-8")
    window = "--window-size={},{}".format(*size)
    profile = f"--user-data-dir={page.with_name('profile')}"
    done = subprocess.run(
        [program, *_FLAGS, window, profile, copy.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"{program} gave no page: {done.stderr[-2000:]}"
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console
