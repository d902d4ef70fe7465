import json
import pathlib
import subprocess
import sys

import hypothesis
import numpy as np
import pytest

import nao
from nao import AskTell, spaces, strategies
from nao.evaluators import FunctionEvaluator, Objective
from tests.json_values import JSON, replaced
from tests.searching import CONFIG

EXAMPLE = pathlib.Path(__file__).parents[2] / "experiments/examples/ask_tell.py"
SPACE = spaces.custom({"a": (1, 2, 3, 4), "b": (1, 2, 3, 4), "c": (1, 2, 3)})
NAO = strategies.NAO(SPACE, CONFIG)
RANDOM = strategies.RandomSearch(SPACE, strategies.RandomConfig(round_size=5))


def loss(architecture):
    choices = SPACE.choices(SPACE.parse(architecture))
    a, b, c = map(int, choices)
    return (a - 2) ** 2 + b * c


def test_told_round_by_round_it_is_the_search_of_the_same_seed(tmp_path):
    def of_choices(choices):
        return loss(" ".join(f"{name}={choice}" for name, choice in choices.items()))

    evaluator = FunctionEvaluator(SPACE, of_choices, Objective("loss", maximize=False))
    result = nao.search(
        NAO, evaluator, num_trials=14, workdir=tmp_path, seed=3, progress=False
    )
    asker = AskTell(NAO, maximize=False, seed=3)
    for num in (6, 4, 4):
        asked = asker.ask(num)
        asker.tell(asked, [loss(architecture) for architecture in asked])
    expected = [SPACE.format(trial.tokens) for trial in result.trials]
    assert [told.architecture for told in asker.told] == expected
    assert asker.best == (SPACE.format(result.best.tokens), result.best.value)


def test_saved_and_loaded_between_calls_it_goes_on_the_same(tmp_path):
    """In pieces that are no rounds, with failures and results that stay out."""
    whole = AskTell(NAO, maximize=False)
    cut = AskTell(NAO, maximize=False)
    asked = []
    for step in range(5):
        cut.save(tmp_path / "search.json")
        cut = AskTell.load(tmp_path / "search.json", NAO)
        found = whole.ask(3)
        assert found == cut.ask(3)
        asked += found
        # The last one of each call stays pending.
        values = [loss(found[0]), None if step % 2 else np.nan]
        for asker in (whole, cut):
            asker.tell(found[:2], values)
    assert len(set(asked)) == 15
    assert whole.told == cut.told and whole.pending == cut.pending == asked[2::3]
    assert [value for _, value in cut.told][1::2] == [None] * 5


def test_what_a_strategy_remembers_is_told_call_by_call(tmp_path):
    config = strategies.ReinforceConfig(round_size=3)
    asker = AskTell(strategies.Reinforce(SPACE, config), seed=1)
    for _ in range(2):
        asked = asker.ask(3)
        asker.tell(asked, [loss(architecture) for architecture in asked])
    asker.save(tmp_path / "search.json")
    loaded = AskTell.load(tmp_path / "search.json", asker.strategy)
    assert loaded.ask(3) == asker.ask(3)


def test_everything_is_asked_once_and_then_nothing():
    asker = AskTell(RANDOM)
    told = ["a=1 b=1 c=1", "a=4 b=4 c=3"]
    asker.tell(told, [0.5, 0.25])  # never asked for
    assert asker.best == ("a=1 b=1 c=1", 0.5)
    first = asker.ask(7)
    rest = asker.ask(100)
    assert sorted([*told, *first, *rest]) == sorted(
        SPACE.format(row) for batch in SPACE.enumerate() for row in batch
    )
    assert asker.ask() == []
    assert asker.pending == first + rest


def test_a_search_saved_before_a_setting_existed_goes_on(tmp_path):
    path = tmp_path / "search.json"
    AskTell(RANDOM).save(path)
    saved = json.loads(path.read_text())
    del saved["strategy_config"]["round_size"]
    path.write_text(json.dumps(saved))
    standard = strategies.RandomSearch(SPACE)
    assert AskTell.load(path, standard).ask(1)
    with pytest.raises(
        ValueError, match=r"its strategy_config\.round_size is 50, here"
    ):
        AskTell.load(path, RANDOM)


def test_what_is_told_in_the_meantime_is_not_asked():
    asker, other = AskTell(RANDOM), AskTell(RANDOM)
    first, second, third = other.ask(3)
    assert asker.ask(1) == [first]
    asker.tell([second], [1.0])
    assert asker.ask(1) == [third]


def test_a_later_value_replaces_the_earlier():
    asker = AskTell(RANDOM)
    asker.tell(["a=1 b=1 c=1", "a=2 b=1 c=1"], [None, 1.0])
    asker.tell(["a=1 b=1 c=1"], [float("inf")])
    assert asker.best == ("a=2 b=1 c=1", 1.0)
    asker.tell(["a=1 b=1 c=1"], [2.0])
    assert asker.told == [("a=1 b=1 c=1", 2.0), ("a=2 b=1 c=1", 1.0)]


def test_mistakes_are_one_line_and_change_nothing(tmp_path):
    asker = AskTell(RANDOM)
    with pytest.raises(ValueError, match="as many values"):
        asker.tell(["a=1 b=1 c=1"], [1.0, 2.0])
    with pytest.raises(ValueError, match="as many values"):
        asker.tell("a=1", [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Unknown choice '9'"):
        asker.tell(["a=1 b=1 c=1", "a=9 b=1 c=1"], [1.0, 2.0])
    with pytest.raises(ValueError, match="must be text, got 3"):
        asker.tell([3], [1.0])
    with pytest.raises(ValueError, match="A value must be a number, got 'high'"):
        asker.tell(["a=1 b=1 c=1"], ["high"])
    with pytest.raises(ValueError, match="A value must be a number, got 1000"):
        asker.tell(["a=1 b=1 c=1"], [10**400])
    with pytest.raises(ValueError, match=r"num must be a whole number, got 2\.5"):
        asker.ask(2.5)
    with pytest.raises(ValueError, match="can't be written: No such file"):
        asker.save(tmp_path / "nowhere" / "search.json")
    with pytest.raises(ValueError, match="seed must be at most 4294967295"):
        AskTell(RANDOM, seed=2**64)
    assert asker.told == [] and asker.best is None
    with pytest.raises(ValueError, match="num must be at least 1"):
        asker.ask(0)
    path = tmp_path / "search.json"
    asker.save(path)
    with pytest.raises(ValueError, match="its strategy is 'random', here it is"):
        AskTell.load(path, NAO)
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ValueError, match="must have format 'nao/ask-tell' and version"):
        AskTell.load(path, RANDOM)
    for text, reason in (
        ("[]", "it is not a JSON object"),
        ("{}", "it lacks 'format'"),
        ('{"a":' * 9999, "it is nested too deeply"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"no search to go on with: {reason}"):
            AskTell.load(path, RANDOM)
    with pytest.raises(ValueError, match="No such file"):
        AskTell.load(tmp_path / "none.json", RANDOM)


def test_any_saved_json_is_gone_on_with_or_one_line(tmp_path):
    asker, path = AskTell(RANDOM), tmp_path / "search.json"
    asker.tell([architecture := asker.ask(3)[0]], [loss(architecture)])
    asker.save(path)

    @hypothesis.settings(max_examples=150, deadline=None)
    @hypothesis.given(JSON | replaced(json.loads(path.read_text())))
    @hypothesis.example({**json.loads(path.read_text()), "seed": 2**40})
    def check(data):
        path.write_text(json.dumps(data))
        try:
            assert AskTell.load(path, RANDOM).ask(1)
        except ValueError as error:
            assert str(error).startswith(f"{path} is no search to go on with: ")
            assert str(error).isprintable()

    check()


@pytest.mark.slow
def test_the_example_goes_on_where_it_was_left(tmp_path):
    path = tmp_path / "search.json"
    for num_told in (3, 6):
        command = [sys.executable, EXAMPLE, path, "--num_jobs=3"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"Best of {num_told}:" in done.stdout
    # A job that was killed before its result was told.
    search = json.loads(path.read_text())
    killed = search["told"].pop()["architecture"]
    search["pending"] = [killed]
    path.write_text(json.dumps(search))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(killed) and "Best of 6:" in done.stdout


def test_where_nothing_is_a_repeat_each_result_counts(tmp_path):
    """Two architectures are asked for ten times, and each keeps all its results."""
    space = spaces.custom({"only": ("one", "other")})
    strategy = strategies.RandomSearch(space, deduplicate="none")
    asker = AskTell(strategy, seed=0)
    asked = asker.ask(10)
    assert len(asked) == 10 == len(asker.pending)
    asker.tell(asked[:4], [1.0, 2.0, 3.0, None])
    assert [value for _, value in asker.told] == [1.0, 2.0, 3.0, None]
    assert len(asker.pending) == 6
    asker.save(tmp_path / "search.json")
    loaded = AskTell.load(tmp_path / "search.json", strategy)
    assert loaded.told == asker.told and loaded.pending == asker.pending
    assert loaded.ask(3) == asker.ask(3)
