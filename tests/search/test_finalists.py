"""Searches whose best few are measured again."""

import json

import jax
import numpy as np
import optuna
import pytest

import nao
from nao import spaces
from nao.evaluators import (
    Constraint,
    Evaluation,
    FunctionEvaluator,
    Goals,
    Objective,
    TableConfig,
    table,
)
from nao.runs import reader
from nao.search.rounds import Proposer
from nao.strategies import (
    RandomConfig,
    RandomSearch,
    SuccessiveHalving,
    SuccessiveHalvingConfig,
)
from tests.searching import SPACE, Counting, Learning, search

TWO = spaces.custom({"tens": range(6), "ones": range(6)})


class Noisy(Counting):
    """Noise of the key that is larger than what architectures differ by."""

    def evaluate(self, tokens, keys):
        for row, key, found in zip(
            tokens, keys, super().evaluate(tokens, keys), strict=True
        ):
            noise = float(jax.random.normal(key))
            yield Evaluation(0.1 * len(set(row.tolist())) + noise, found.metrics)


def run(folder, num_trials=12, evaluator=None, num_finalists=3, **fields):
    evaluator = Noisy() if evaluator is None else evaluator
    strategy = fields.pop("strategy", RandomSearch(SPACE))
    return search(
        folder, num_trials, evaluator, strategy, num_finalists=num_finalists, **fields
    )


def listing(result):
    return [(t.tokens.tolist(), t.value, t.values) for t in result.trials]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


def test_the_best_few_are_measured_again_and_the_best_mean_is_chosen(whole):
    _, result = whole
    again = [t for t in result.trials if t.repeats]
    by_value = sorted(result.trials, key=lambda t: -t.value)
    assert {t.index for t in again} == {t.index for t in by_value[:3]}
    assert all(len(t.values) == 2 and t.values[0] != t.values[1] for t in again)
    assert result.best.index == max(again, key=lambda t: t.mean).index


def test_trials_are_those_of_a_search_without(tmp_path, whole):
    evaluator = Noisy()
    plain = run(tmp_path, evaluator=evaluator, num_finalists=1)
    assert [t.value for t in plain.trials] == [t.value for t in whole[1].trials]
    assert len(evaluator.calls) == 12 and not any(t.repeats for t in plain.trials)
    assert plain.best.value == max(t.value for t in plain.trials)
    said = {"finalists", "noise", "num_finalists"} & set(plain.summary)
    assert not said and "values" not in plain.summary["best"]


def test_what_is_written_tells_of_finalists(whole):
    folder, result = whole
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["num_trials"], summary["cost"], summary["num_finalists"]) == (
        *(12, 15),
        3,
    )
    first, *_ = found = summary["finalists"]
    assert len(found) == 3 and first["trial"] == result.best.index
    assert first["mean"] == pytest.approx(np.mean(first["values"]))
    assert set(summary["noise"]) == {"between", "within", "reliability"}
    best = {name: summary["best"][name] for name in ("objective", "trial", "values")}
    assert best["objective"] == result.best.mean
    assert json.loads((folder / "best.json").read_text())["found"] == best


def test_a_reader_has_the_finalists(whole):
    folder, result = whole
    stored = reader.read(folder)
    assert listing(stored) == listing(result) and stored.status == "finished"
    assert [t.index for t in stored.finalists] == [
        each["trial"] for each in result.summary["finalists"]
    ]
    assert stored.best.index == result.best.index and stored.test


def test_a_data_frame_has_means(whole):
    frame = whole[1].to_dataframe()
    assert frame["num_measured"].tolist() == [len(t.values) for t in whole[1].trials]
    assert frame["mean"].max() >= whole[1].best.mean


def test_the_best_mean_is_tested(whole, tmp_path):
    evaluator = Noisy()
    result = run(tmp_path, evaluator=evaluator)
    assert evaluator.tested == [result.best.tokens.tobytes()]


@pytest.mark.parametrize("interrupt_at", [5, 12, 13, 14])
def test_an_interrupted_search_ends_the_same(tmp_path, whole, interrupt_at):
    """Among the trials, before the first finalist, and between two of them."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, evaluator=Noisy(interrupt_at))
    evaluator = Noisy()
    again = run(tmp_path, evaluator=evaluator)
    assert listing(again) == listing(whole[1])
    assert again.summary["finalists"] == whole[1].summary["finalists"]
    assert len(evaluator.calls) == 15 - interrupt_at
    evaluator = Noisy()
    assert run(tmp_path, evaluator=evaluator).was_finished and not evaluator.calls


def test_a_finished_search_gets_finalists_and_more_of_them(tmp_path, whole):
    run(tmp_path, num_finalists=1)
    for num, calls in ((3, 3), (3, 0), (2, 0), (5, 2)):
        evaluator = Noisy()
        found = run(tmp_path, evaluator=evaluator, num_finalists=num)
        assert len(evaluator.calls) == calls
        assert found.was_finished == (not calls)
    assert len(found.summary["finalists"]) == 5


def test_a_longer_search_measures_new_finalists_alone(tmp_path, whole):
    run(tmp_path, 8)
    evaluator = Noisy()
    longer = run(tmp_path, evaluator=evaluator)
    assert [t.value for t in longer.trials] == [t.value for t in whole[1].trials]
    again = {t.index: t.values for t in longer.trials if t.repeats}
    wanted = {t.index: t.values for t in whole[1].trials if t.repeats}
    assert wanted.items() <= again.items()
    assert len(evaluator.calls) == 4 + len([i for i in wanted if i >= 8])


def test_a_search_that_goes_on_shows_what_is_better_by_far(tmp_path):
    """Stopped before its finalists, it answered with those of the shorter one."""

    class Late(Noisy):
        def evaluate(self, tokens, keys):
            for outcome in super().evaluate(tokens, keys):
                is_late = self.interrupt_at and len(self.calls) == 4
                yield Evaluation(outcome.value + 100 * bool(is_late))

    run(tmp_path, 8, Late())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 14, Late(interrupt_at=5))
    stored = reader.read(tmp_path)
    assert stored.best.index == 11 and not stored.best.repeats
    assert len(stored.finalists) == 3
    assert all(t.repeats for t in stored.finalists)


def test_a_search_without_finalists_says_nothing_of_them(tmp_path, capsys):
    run(tmp_path, 4, num_finalists=1)
    nao.search(RandomSearch(SPACE), Noisy(), num_trials=3, workdir=tmp_path / "told")
    assert "again" not in capsys.readouterr().err


def test_no_key_of_a_finalist_is_that_of_a_trial():
    proposer = Proposer(RandomSearch(SPACE), 0)
    keys = [*proposer.child_keys(range(50)), *proposer.finalist_keys(range(50))]
    keys += [proposer.evaluator_key]
    data = {np.asarray(jax.random.key_data(key)).tobytes() for key in keys}
    assert len(data) == 101


class Breaking(Noisy):
    """Fails for, or raises at, some evaluations, by their number."""

    def __init__(self, failing=(), raising=()):
        super().__init__()
        self.failing, self.raising = failing, raising

    def evaluate(self, tokens, keys):
        for outcome in super().evaluate(tokens, keys):
            if len(self.calls) - 1 in self.raising:
                raise RuntimeError("out of luck")
            if len(self.calls) - 1 in self.failing:
                outcome = Evaluation(None, reason="diverged")
            yield outcome


@pytest.mark.parametrize("fields", [{"failing": [12]}, {"raising": [12]}])
def test_a_finalist_that_fails_is_out_and_ends_no_search(tmp_path, whole, fields):
    """The first finalist is the one with the best first value."""
    result = run(tmp_path, evaluator=Breaking(**fields))
    top = max(result.trials, key=lambda t: t.value)
    assert top.has_failed_again and result.best.index != top.index
    last = result.summary["finalists"][-1]
    assert (last["trial"], last["reason"] != "") == (top.index, True)
    assert len(reader.read(tmp_path).trials[top.index].repeats) == 1
    assert run(tmp_path, evaluator=Breaking()).was_finished


def test_where_all_finalists_fail_the_best_is_that_of_first_values(tmp_path):
    result = run(tmp_path, evaluator=Breaking(raising=[12, 13, 14]))
    assert result.best.value == max(t.value for t in result.trials)
    assert [bool(f["reason"]) for f in result.summary["finalists"]] == [True] * 3
    assert result.summary["noise"] is None


def test_spellings_of_one_function_are_one_finalist(tmp_path):
    space = spaces.NASBench201()
    config = RandomConfig(round_size=40)
    strategy = RandomSearch(space, config, "none")
    evaluator = FunctionEvaluator(space, lambda choices: float("3" in str(choices)))
    result = run(tmp_path, 40, evaluator, 8, strategy=strategy)
    again = np.array([t.tokens for t in result.trials if t.repeats])
    assert len(set(space.keys(space.canonical(again)))) == len(again) == 8


def test_an_architecture_that_was_asked_for_often_counts_once(tmp_path):
    """One lucky number of it was the best of the search."""
    few = spaces.custom({"a": range(3)})
    strategy = RandomSearch(few, RandomConfig(round_size=2), "none")
    result = run(tmp_path, 30, Noisy(space=few), 1, strategy=strategy)
    by_key = {}
    for trial in result.trials:
        by_key.setdefault(trial.tokens.tobytes(), []).append(trial.value)
    assert result.best.values == tuple(by_key[result.best.tokens.tobytes()])
    assert result.summary["best"]["objective"] == result.best.mean < 1
    assert max(t.value for t in result.trials) > 1
    assert reader.read(tmp_path).best.values == result.best.values


def measures(choices):
    return {"score": choices["ones"], "size": choices["tens"]}


def goals_of(evaluator, names=("score",), **bound):
    bounds = [Constraint("size", **bound)] if bound else []
    return Goals.of(evaluator, names, constraints=bounds)


def test_finalists_keep_the_bounds(tmp_path):
    sizes = iter([*range(12), 9, 0, 9])

    def drifting(choices):
        return {"score": choices["ones"], "size": next(sizes) % 10}

    evaluator = FunctionEvaluator(TWO, drifting, Objective("score"))
    strategy = RandomSearch(TWO, goals=goals_of(evaluator, at_most=5))
    result = run(tmp_path, 12, evaluator, 3, strategy=strategy)
    found = result.summary["finalists"]
    assert [bool(each["reason"]) for each in found] == [False, True, True]
    assert "breaks the bounds size at most 5" in found[1]["reason"]
    sizes_of = [result.trials[f["trial"]].evaluation.metrics["size"] for f in found]
    assert max(sizes_of) <= 5


def test_a_front_has_no_finalists(tmp_path, caplog):
    """A config that has some is given two objectives by a flag."""
    evaluator = FunctionEvaluator(TWO, measures, Objective("score"))
    strategy = RandomSearch(TWO, goals=goals_of(evaluator, ("score", "size")))
    result = run(tmp_path, 12, evaluator, 3, strategy=strategy)
    assert not any(t.repeats for t in result.trials)
    assert "num_finalists=3 changes nothing: a front of several" in caplog.text


def test_a_table_is_not_read_twice(tmp_path, caplog):
    rows = [f"{a},{b},{a * b}" for a in range(6) for b in range(6)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,score", *rows]))
    config = TableConfig(str(tmp_path / "table.csv"), slots="a,b", objective="score")
    evaluator = table.load(config, None)
    strategy = RandomSearch(evaluator.space)
    result = run(tmp_path / "run", 12, evaluator, 5, strategy=strategy)
    assert not any(t.repeats for t in result.trials)
    assert "num_finalists=5 changes nothing: TableEvaluator gives the" in caplog.text


def test_what_finalists_cost_is_kept_for_them(tmp_path):
    result = run(tmp_path, 12, max_cost=7)
    assert (len(result.trials), result.summary["cost"]) == (4, 7)
    assert result.summary["is_spent"] and run(tmp_path, 12, max_cost=7).was_finished
    more = run(tmp_path, 12, max_cost=8)
    assert len(more.trials) == 5
    fewer = run(tmp_path, 12, max_cost=8, num_finalists=1)
    assert len(fewer.trials) == 8
    with pytest.raises(ValueError, match="max_cost must be above num_finalists"):
        run(tmp_path / "none", 12, max_cost=3)


def test_partial_evaluations_are_no_finalists(tmp_path):
    asked = []

    def grown(choices, budget):
        asked.append(budget)
        return budget * choices["ones"] + len(asked) / 1000

    evaluator = FunctionEvaluator(TWO, grown, budgets=(1, 2, 4))
    config = SuccessiveHalvingConfig(num_archs=8, eta=2)
    budgets = evaluator.budgets
    strategy = SuccessiveHalving(TWO, config, "sequence", budgets=budgets)
    result = run(tmp_path, 28, evaluator, 3, strategy=strategy)
    assert asked[-3:] == [4, 4, 4]
    assert all(t.is_full for t in result.trials if t.repeats)


def test_an_evaluator_that_learns_goes_on_the_same(tmp_path):
    """Finalists are measured by what it has learned, whatever the process did."""
    strategy = RandomSearch(SPACE, RandomConfig(round_size=3), "none")
    whole = run(tmp_path / "whole", 8, Learning(), strategy=strategy)
    assert sum(bool(t.repeats) for t in whole.trials) == 3
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", 8, Learning(9), strategy=strategy)
    again = run(tmp_path / "cut", 8, Learning(), strategy=strategy)
    assert listing(again) == listing(whole)


def test_a_warm_start_takes_first_values(tmp_path, whole):
    """All of one kind: means of the best few beside single lucky numbers are not."""
    folder, result = whole
    run(tmp_path, 3, warm_start=folder)
    kept = json.loads((tmp_path / "warm_start.json").read_text())
    assert kept["objective"] == [t.value for t in result.trials]


@pytest.mark.parametrize("num", [0, 1.5])
def test_a_number_of_finalists_is_one_or_more(tmp_path, num):
    with pytest.raises((ValueError, TypeError), match="num_finalists must be"):
        run(tmp_path, num_finalists=num)


def test_damaged_measurements_are_named(tmp_path):
    run(tmp_path, 4)
    storage = f"sqlite:///{tmp_path}/study.db"
    (study,) = optuna.get_all_study_summaries(storage)
    loaded = optuna.load_study(study_name=study.study_name, storage=storage)
    loaded.set_user_attr("again.99", [])
    with pytest.raises(ValueError, match=r"damaged: again\.99 can't be read"):
        reader.read(tmp_path)
