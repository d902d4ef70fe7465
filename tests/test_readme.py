"""The README and the guide: short, their links lead somewhere, their examples run."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

import launch
from nao import fields
from nao.config import Config

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "experiments" / "guide.md"]
PAGES += sorted((ROOT / "experiments" / "results").glob("*/README.md"))
README = PAGES[0].read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text):
    """Returns the arguments of every `python launch.py` in a page, loops left out."""
    lines = re.sub(r" *\\\n +", " ", text).splitlines()
    found = [
        match[1]
        for line in lines
        for match in re.finditer(r"python launch\.py((?: +[^`\s|&]+)*)", line)
    ]
    return [shlex.split(words) for words in found if "$" not in words]


def anchors(path):
    """Returns the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_the_readme_is_short_and_begins_with_what_counts():
    lines = README.splitlines()
    assert len(lines) <= 200
    first_screen = "\n".join(lines[:40])
    assert "nao.search(" in first_screen and "41 evaluations" in first_screen
    assert "cifar10-regret.png" in first_screen and "When not to" in first_screen
    (example, *_) = blocks(README, "python")
    assert len(example.splitlines()) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.parent.name)
def test_commands_name_flags_modes_and_files_that_exist(page):
    known = {f"config.{leaf.name}" for leaf in fields.leaves(Config)}
    known |= {"config", "mode", "workdir", "runs", "hosts", "host", "port", "help"}
    known |= {"architecture", "version"}
    configs = {path.stem for path in (ROOT / "experiments/configs").glob("*.py")}
    for words in commands(page.read_text()):
        given = dict(word.removeprefix("--").partition("=")[::2] for word in words)
        assert set(given) <= known, words
        assert given.get("mode", "search") in launch._MODES, words
        name = given.get("config", "cluttered_digits")
        assert name in configs or name.endswith(".json"), words
    for name in re.findall(r"python (experiments/[\w/]+\.py)", page.read_text()):
        assert (ROOT / name).exists()


def test_the_set_up_is_one_line_on_a_fresh_machine():
    for command in ("launch.py", "-m pytest"):
        (line,) = [
            line
            for line in "".join(blocks(README, "sh")).splitlines()
            if line.startswith("python3 -m venv") and command in line
        ]
        assert ".venv/bin/pip install -r requirements.txt" in line
    assert "source .venv/bin/activate" in README
    assert "runs/..." not in README and "runs/search" not in README


# One after the other in one folder: the later ones read what was searched. The set-up's
# search makes that in minutes; the first example's is as good.
EXAMPLES = """
import json, shutil, sys
first, *others = json.load(sys.stdin)
exec(first, {})
shutil.copytree("runs/first", "runs/example")
for example in others:
    exec(example, {})
"""


@pytest.mark.slow
def test_every_example_runs_as_printed(tmp_path):
    """In a process of its own: its programs are optimised, as for users."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "cache"),
    }
    environment.pop("XLA_FLAGS", None)  # read once in a process
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES],
        input=json.dumps(blocks(README, "python")),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "test_accuracy" in done.stdout
