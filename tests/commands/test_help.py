"""What `--help` says."""

import re

import pytest

from nao import fields
from nao.commands import help as help_lib
from nao.config import Config
from nao.spaces import SPACES
from nao.strategies import STRATEGIES

MODES = {"search": "find the best architecture", "serve": "answer queries"}
OWN = [
    help_lib.Flag("config", "digits", "Config file."),
    help_lib.Flag("workdir", None, "Folder of the run."),
    help_lib.Flag("port", 8421, "mode=serve: TCP port."),
]


def squeeze(text):
    """Leaves out all blanks, however lines are broken."""
    return "".join(text.split())


def test_the_overview_has_what_matters_first():
    text = help_lib.overview(MODES, OWN)
    order = [
        "search  find the best",
        "--config=digits",
        "--workdir=\n",
        "--config.strategy=nao",
        "--config.num_trials=60",
        "--port=8421",
        "general: ",
        "nao: ",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_overview_names_all_that_can_be_chosen():
    text = squeeze(help_lib.overview(MODES, OWN))
    assert squeeze(", ".join(STRATEGIES)) in text
    for name in (*SPACES, "table", *(leaf.name for leaf in fields.leaves(Config))):
        assert name.rpartition(".")[2] in text


def test_lines_fit_a_terminal():
    for text in (help_lib.overview(MODES, OWN), help_lib.of_part("all")):
        assert max(map(len, text.splitlines())) <= 80


def test_help_texts_are_whole():
    """Dots at the end of "0, 1, 2, ..." were cut off once."""
    shown = squeeze(help_lib.of_part("all")).lower()
    for leaf in fields.leaves(Config):
        assert f"--config.{leaf.name}=" in shown
        assert squeeze(leaf.help).lower() in shown, leaf.name


def test_help_texts_are_sentences():
    """Half of the parts began in small letters."""
    for leaf in fields.leaves(Config):
        assert re.match(r"[A-Z]|(--)?[\w=]+: [a-z]", leaf.help), leaf.name
        assert leaf.help.endswith(".") and not leaf.help.endswith(".."), leaf.name


def test_a_part_has_its_fields_defaults_and_inner_parts():
    text = help_lib.of_part("nao")
    assert text.startswith("nao: Settings of NAO")
    assert (
        "  --config.nao.round_size=5\n      Architectures of every later round.\n"
        in text
    )
    assert "--config.nao.canonical=true\n" in text
    assert "--config.nao.controller.hidden_size=48\n" in text
    assert "--config.gp" not in text and "--config.seed" not in text
    assert help_lib.of_part("config.gp") == help_lib.of_part("gp")
    assert help_lib.of_part("seed").startswith("  --config.seed=0\n")
    assert "--config.seed=0\n" in help_lib.of_part("general")


def test_an_unknown_part_names_the_choices():
    with pytest.raises(
        ValueError, match=r"no such part; known: general, data, .*, all"
    ):
        help_lib.of_part("nap")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("config.sede", "did you mean --config.seed?"),
        ("num_trials", "did you mean --config.num_trials?"),
        ("confg", "did you mean --config?"),
        ("luck", "see --help."),
    ],
)
def test_an_unknown_flag_has_few_suggestions(name, expected):
    known = ["config", *(f"config.{leaf.name}" for leaf in fields.leaves(Config))]
    text = help_lib.unknown(name, known)
    assert text == f"Unknown command line flag {name!r}; {expected}"


def test_no_more_than_three_flags_are_suggested():
    known = [f"config.{leaf.name}" for leaf in fields.leaves(Config)]
    assert help_lib.unknown("round_size", known).count("--") == 3
