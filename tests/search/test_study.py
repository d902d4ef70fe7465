import dataclasses
import json
import signal
import subprocess
import sys
import textwrap
import types

import numpy as np
import optuna
import pytest

import nao
from nao import spaces, strategies
from nao.config import Config
from nao.controller import fit
from nao.evaluators import FunctionEvaluator, Objective, TableConfig
from nao.runs import reader
from tests.searching import CONFIG, SPACE, Counting, search


def listing(result):
    return [
        (t.index, t.round, t.tokens.tolist(), t.value, t.predicted)
        for t in result.trials
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run of 16 trials: 6 at random, rounds of 4, 4 and half of 4."""
    path = tmp_path_factory.mktemp("whole")
    fit.controller_fit.clear_cache()  # The search counts what it compiles.
    return path, search(path)


def test_a_search_can_be_watched_round_by_round(whole, tmp_path):
    _, unwatched = whole
    seen = []
    search(tmp_path, on_round=seen.append)
    assert [len(trials) for trials in seen] == [6, 10, 14, 16]
    assert [t.value for t in seen[-1]] == [t.value for t in unwatched.trials]
    assert [t.value for t in seen[0]] == [t.value for t in unwatched.trials[:6]]


def test_a_run_leaves_what_it_promises(whole):
    path, result = whole
    summary = json.loads((path / "summary.json").read_text())
    assert summary == result.summary
    assert summary["num_trials"] == len(result.trials) == 16
    assert summary["num_distinct"] == 16
    failed = [trial for trial in result.trials if trial.value is None]
    assert summary["num_failed"] == len(failed) > 0
    best = summary["best"]
    assert best["objective"] == max(t.value for t in result.trials if t.value)
    assert best["test"] == {
        "test_sum": SPACE.to_indices(np.array(best["tokens"])).sum()
    }
    assert summary["random_best"]["num_trials"] == 6
    # The last round has two trials; where one failed there is nothing to rank.
    assert [r["round"] for r in summary["controller"]["rounds"]][:2] == [1, 2]
    assert 0 <= summary["controller"]["reconstruction_accuracy"] <= 1
    assert summary["controller"]["num_train"] > 6
    assert summary["compilations"]["controller_fit"] == 1
    for name in ("total", "evaluate", "controller", "trace", "compile", "first_child"):
        assert summary["seconds"][name] > 0
    assert summary["peak_rss_mib"] > 0
    tokens = SPACE.parse((path / "best.json").read_text())
    np.testing.assert_array_equal(tokens, best["tokens"])
    lines = [json.loads(line) for line in (path / "metrics.jsonl").open()]
    assert [line["trial"] for line in lines] == list(range(16))
    assert {"config.json", "environment.json", "study.db", "checkpoints"} <= {
        file.name for file in path.iterdir()
    }


def test_a_second_search_counts_its_first_child_from_its_own_start(whole, tmp_path):
    seconds = search(tmp_path, num_trials=6).summary["seconds"]
    assert 0 < seconds["first_child"] <= seconds["total"]


@pytest.mark.parametrize("interrupt_at", [0, 3, 6, 8, 13])
def test_resumed_equals_uninterrupted(tmp_path, whole, interrupt_at):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, evaluator=Counting(interrupt_at))
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert not summary["finished"]
    assert summary["num_trials"] == interrupt_at
    evaluator = Counting()
    result = search(tmp_path, evaluator=evaluator)
    assert listing(result) == listing(whole[1])
    assert len(evaluator.calls) == 16 - interrupt_at
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").open()]
    assert [line["trial"] for line in lines] == list(range(16))


def test_checkpoints_only_make_it_faster(tmp_path, whole):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, evaluator=Counting(8))
    import shutil

    shutil.rmtree(tmp_path / "checkpoints")
    assert listing(search(tmp_path)) == listing(whole[1])


def test_a_damaged_checkpoint_is_asked_for_again(tmp_path, whole):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, evaluator=Counting(8))
    for file in (tmp_path / "checkpoints" / "6").rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    assert listing(search(tmp_path)) == listing(whole[1])


def test_a_refused_start_can_be_corrected(tmp_path):
    with pytest.raises(ValueError, match="does not hold a run"):
        search(tmp_path, num_trials=6, warm_start=tmp_path / "nowhere")
    assert search(tmp_path, num_trials=6).summary["finished"]


def test_a_warm_start_from_nothing_is_refused(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "empty", evaluator=Counting(0))
    with pytest.raises(ValueError, match="has no trials"):
        search(tmp_path / "new", warm_start=tmp_path / "empty")


def test_a_larger_budget_continues(tmp_path, whole):
    search(tmp_path, num_trials=11)
    assert listing(search(tmp_path, num_trials=16)) == listing(whole[1])


def test_a_finished_run_evaluates_nothing(tmp_path, whole):
    first = search(tmp_path, num_trials=6)
    before = (tmp_path / "summary.json").read_bytes()
    evaluator = Counting()
    again = search(tmp_path, num_trials=6, evaluator=evaluator)
    assert evaluator.calls == [] and evaluator.tested == []
    assert again.was_finished and not first.was_finished
    assert again.summary == first.summary
    assert (tmp_path / "summary.json").read_bytes() == before


def test_a_choice_is_tested_once(tmp_path):
    """A larger budget tests again only where it found a better one."""
    tested = []
    for num_trials in (6, 7, 11, 16):
        evaluator = Counting()
        result = search(tmp_path, num_trials=num_trials, evaluator=evaluator)
        tested += evaluator.tested
        assert result.summary["best"]["test"]
    assert len(tested) == len(set(tested)) > 0


@pytest.mark.parametrize("damaged", ["{", '{"best": 3}'])
def test_a_damaged_summary_is_made_anew(tmp_path, caplog, damaged):
    first = search(tmp_path, num_trials=6)
    (tmp_path / "summary.json").write_text(damaged)
    with caplog.at_level("WARNING"):
        again = search(tmp_path, num_trials=6)
    assert again.summary["best"] == first.summary["best"]
    assert "summary.json" in caplog.text and "It is made anew." in caplog.text
    assert search(tmp_path, num_trials=6).was_finished


def test_half_written_metrics_are_mended(tmp_path):
    search(tmp_path, num_trials=6)
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text()[:-20])
    search(tmp_path, num_trials=8)
    lines = [json.loads(line) for line in path.open()]
    assert [line["trial"] for line in lines] == list(range(8))


def test_a_ledger_that_lost_trials_is_refused(tmp_path):
    search(tmp_path, num_trials=6)
    (tmp_path / "study.db").unlink()
    with pytest.raises(ValueError, match=r"has 0 trials, metrics\.jsonl 6"):
        search(tmp_path, num_trials=6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"num_trials": 4}, "a run of 6 trials; it continues with as many or more"),
        (
            {"strategy": strategies.RandomSearch(SPACE)},
            "strategy is 'nao' there and 'random' here",
        ),
    ],
)
def test_another_config_is_refused_with_its_fields(tmp_path, fields, message):
    search(tmp_path, num_trials=6)
    with pytest.raises(ValueError, match=message):
        search(tmp_path, **{"num_trials": 6} | fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_trials": 0}, "num_trials must be at least 1, got 0"),
        ({"num_trials": -3}, "num_trials must be at least 1, got -3"),
        ({"seed": -1}, r"seed must be 0 to 2\*\*32 - 1, got -1"),
        ({"seed": 2**32}, "seed must be at most 4294967295, got 4294967296"),
        ({"num_trials": "10"}, "num_trials must be a whole number, got '10'"),
        ({"warm_start": "/nowhere/at/all"}, "does not hold a run"),
        ({"storage": "nonsense://x"}, "can't be opened"),
    ],
)
def test_bad_arguments_are_refused(tmp_path, fields, message):
    with pytest.raises(ValueError, match=message):
        search(tmp_path, **fields)


def test_a_workdir_that_can_not_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can't be written"):
        search(tmp_path / "file" / "run")


def test_a_space_that_runs_out_ends_early(tmp_path):
    space = spaces.custom({"a": range(3), "b": range(3)})
    result = search(tmp_path, 50, Counting(space=space), strategies.NAO(space, CONFIG))
    assert result.summary["exhausted"]
    assert result.summary["num_trials"] == 9


def test_a_warm_start_saves_the_random_round(tmp_path, whole):
    result = search(tmp_path / "new", num_trials=4, warm_start=whole[0])
    assert result.summary["num_warm_start"] == 16
    assert all(trial.predicted is not None for trial in result.trials)
    told = {tuple(trial.tokens) for trial in whole[1].trials}
    assert not told & {tuple(trial.tokens) for trial in result.trials}


def test_minimised_objectives_are_minimised(tmp_path):
    class Minimised(Counting):
        objective = Objective("sum", maximize=False)

    result = search(tmp_path, evaluator=Minimised())
    values = [t.value for t in result.trials if t.value is not None]
    assert result.best.value == min(values)


@dataclasses.dataclass(frozen=True)
class LineConfig:
    """Settings of a strategy of one's own; `offset` is new in some version of it."""

    round_size: int = 4
    offset: float = 0.0


class Line:
    """All that a search may use of a strategy, and nothing else: a contract as code.

    Fits a straight line, which is no controller, to sums of choices.
    """

    def __init__(self, config, model_type=dict):
        self.space, self.config, self.model_type = SPACE, config, model_type
        self.deduplicate, self.name = "sequence", "line"
        self.controller_use = None

    def init(self, key):
        return strategies.State(
            strategies.Pool(np.zeros((0, 5), np.int32), np.zeros(0))
        )

    def ask(self, key, state):
        rng = np.random.default_rng(len(state.pool.tokens))
        unseen = strategies.Unseen(SPACE, self.deduplicate, state.pool.tokens)
        tokens = unseen.draw(rng, self.config.round_size)
        model = self.model_type(slope=np.float32(len(state.pool.tokens)))
        return tokens, state._replace(model=model, predicted=np.ones(len(tokens)))

    def tell(self, state, tokens, objective):
        return state._replace(pool=state.pool.extend(tokens, objective))

    def describe_fit(self, state, rng):
        if state.model is None:
            return {}
        model = state.model if self.model_type is dict else vars(state.model)
        return {"slope": float(model["slope"])}


@pytest.mark.parametrize("model_type", [dict, types.SimpleNamespace])
def test_a_strategy_with_a_model_of_its_own_finishes_its_search(tmp_path, model_type):
    """The summary took every fitted model for a controller and asked it to decode.

    A model that is no nested dict of arrays is in no checkpoint.
    """
    strategy = Line(LineConfig(), model_type)
    result = search(tmp_path, 7, strategy=strategy)
    assert result.summary["strategy"] == "line"
    assert result.summary["controller"]["slope"] == 4
    assert result.summary["controller"]["reconstruction_accuracy"] is None
    # The last round, half evaluated, comes from its checkpoint.
    again = search(tmp_path, 8, strategy=strategy).summary["controller"]
    assert again.get("slope") == (4 if model_type is dict else None)
    assert search(tmp_path, 9, strategy=strategy).summary["controller"]["slope"] == 8


def test_a_run_begun_before_a_setting_existed_goes_on(tmp_path):
    search(tmp_path, 4, strategy=Line(LineConfig()))
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["strategy_config"]["offset"]
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"strategy_config\.offset is 0.0 there and 1"):
        search(tmp_path, 8, strategy=Line(LineConfig(offset=1.0)))
    assert search(tmp_path, 8, strategy=Line(LineConfig())).summary["num_trials"] == 8


@pytest.mark.parametrize("name", ["nao_no_gradient", "random"])
def test_a_summary_names_what_was_asked_for(tmp_path, name):
    strategy = strategies.make(name, SPACE, Config(nao=CONFIG), "canonical")
    result = search(tmp_path, 3, strategy=strategy)
    assert result.summary["strategy"] == name
    assert json.loads((tmp_path / "search.json").read_text())["strategy"] == name


def test_times_add_up_over_processes(tmp_path):
    """A search that was continued said how long its last part took."""
    first = search(tmp_path, 3).summary["seconds"]
    both = search(tmp_path, 8).summary["seconds"]
    assert first["all_processes"] == first["total"]
    assert both["all_processes"] == first["total"] + both["total"]


def test_a_moved_table_whose_content_is_not_known_is_refused(tmp_path):
    strategy = strategies.RandomSearch(SPACE)
    here, there = (Config(table=TableConfig(path)) for path in ("here", "there"))
    content = {"table.sha256": "a"}
    search(tmp_path, 3, strategy=strategy, config=here, content=content)
    search(tmp_path, 4, strategy=strategy, config=there, content=content)
    path = tmp_path / "search.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"content": {}}))
    with pytest.raises(ValueError, match=r"table\.path is another, and what was there"):
        search(tmp_path, 5, strategy=strategy, config=here, content=content)


TYPED = {"a": (1, 2, 3, None), "b": (True, False), "c": (0.1, 0.2)}


def few(choices):
    return choices["a"] is not None or choices["b"] is True


def typed(workdir, slots=TYPED, valid=few, num_trials=8, function=None):
    space = spaces.custom(slots, valid=valid)
    seen = []

    def noted(choices):
        seen.append(choices)
        return (choices["a"] or 0) + choices["b"] + choices["c"]

    evaluator = FunctionEvaluator(space, function or noted)
    config = dataclasses.replace(CONFIG, num_seed_archs=4, candidates="random")
    strategy = strategies.NAO(space, config)
    result = nao.search(strategy, evaluator, num_trials=num_trials, workdir=workdir)
    return result, seen


def test_choices_reach_functions_trials_and_storage_as_they_are(tmp_path):
    result, seen = typed(tmp_path)
    assert seen == [trial.choices for trial in result.trials]
    assert all(map(few, seen))
    for choices in seen:
        for name, choice in choices.items():
            assert any(choice is other for other in TYPED[name])
    (study,) = optuna.get_all_study_summaries(f"sqlite:///{tmp_path / 'study.db'}")
    kept = optuna.load_study(
        study_name=study.study_name, storage=f"sqlite:///{tmp_path / 'study.db'}"
    )
    assert [repr(trial.params) for trial in kept.trials] == list(map(repr, seen))
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["slots"] == result.best.choices
    # Read from the folder alone, and continued with the same rule.
    again = reader.read(tmp_path)
    assert [t.choices for t in again.trials] == seen
    longer, more = typed(tmp_path, num_trials=10)
    assert [t.choices for t in longer.trials] == seen + more and len(more) == 2
    with pytest.raises(ValueError, match="give the space as space="):
        nao.Embedding.from_workdir(tmp_path)
    space = spaces.custom(TYPED, valid=few)
    assert nao.Embedding.from_workdir(tmp_path, space=space).space is space


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"slots": TYPED | {"a": ("1", "2", "3", "None")}},
            r"a slot is \['a', \['1', .*there and \['a', \[1, 2, 3, None\]\] here",
        ),
        ({"slots": TYPED | {"b": (True, None)}}, "Ledger .* another space"),
        ({"slots": TYPED | {"c": (0.2, 0.1)}}, "a slot is"),
        ({"valid": None}, "space.kind is Space there and Constrained here"),
    ],
)
def test_a_run_of_other_choices_is_not_continued(tmp_path, changes, message):
    """One begun with choices as text, above all."""
    typed(tmp_path, num_trials=4, function=lambda choices: 1.0, **changes)
    with pytest.raises(ValueError, match=message) as error:
        typed(tmp_path)
    assert "\n" not in str(error.value)


def test_other_content_is_another_run(tmp_path):
    search(tmp_path, 3, content={"table.sha256": "a"})
    assert "table.sha256" not in (tmp_path / "config.json").read_text()
    with pytest.raises(ValueError, match=r"table\.sha256 is 'a' there and 'b' here"):
        search(tmp_path, 6, content={"table.sha256": "b"})
    assert search(tmp_path, 6, content={"table.sha256": "a"}).summary["finished"]


def test_a_strategy_that_repeats_itself_is_caught(tmp_path):
    class Repeating(strategies.RandomSearch):
        def ask(self, key, state):
            return np.repeat(
                SPACE.parse(" ".join(f"slot{i}=0" for i in range(5)))[None], 2, 0
            ), state

    with pytest.raises(RuntimeError, match="twice for the same"):
        search(tmp_path, strategy=Repeating(SPACE))


def test_a_second_process_is_refused(tmp_path):
    """Another process holds the folder's lock; when it is killed, the lock is free."""
    search(tmp_path, num_trials=6)
    script = f"""
        import time
        import filelock
        with filelock.FileLock({str(tmp_path / ".lock")!r}):
            print("held", flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline().strip() == b"held"
        with pytest.raises(ValueError, match="in use by another process"):
            search(tmp_path, num_trials=6)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert search(tmp_path, num_trials=6).summary["finished"]
