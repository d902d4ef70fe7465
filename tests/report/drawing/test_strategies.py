"""How strategies look in figures."""

from nao.report.drawing.strategies import styles
from nao.strategies.registry import STRATEGIES


def test_a_strategy_looks_the_same_whatever_else_is_drawn():
    alone = styles(["gp", "mine"])
    among = styles(["random", "mine", "tpe", "gp", "nao"])
    assert alone["gp"] == among["gp"] and alone["mine"] == among["mine"]


def test_the_project_s_strategies_differ():
    looks = styles(STRATEGIES).values()
    assert len({(look.color, look.dash) for look in looks}) == len(STRATEGIES)


def test_names_of_ones_own_differ_from_each_other_and_from_known_ones():
    names = [*STRATEGIES, *(f"mine {i}" for i in range(12))]
    found = styles(names)
    assert list(found) == names
    assert len({(look.color, look.dash) for look in found.values()}) == len(names)


def test_more_strategies_than_looks_are_drawn():
    assert len(styles(f"mine {i}" for i in range(99))) == 99


def test_nao_alone_is_emphasised():
    found = styles(STRATEGIES)
    assert [name for name in found if found[name].is_emphasised] == ["nao"]
