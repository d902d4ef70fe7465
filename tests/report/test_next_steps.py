"""The commands that a page gives, parsed as launch.py would."""

import shlex

import numpy as np
import pytest

from nao import fields, spaces
from nao.config import Config
from nao.evaluators import Goals, Objective
from nao.report import next_steps
from nao.runs import StoredRun
from nao.runs.record import SearchRecord
from nao.spaces import SpaceConfig
from tests.report.trials import make_trials


def stored(config, space, path):
    tokens = space.sample(np.random.default_rng(0), 1)[0]
    (trial,) = make_trials([0.5])
    object.__setattr__(trial, "tokens", tokens)
    return StoredRun(
        path=path,
        record=SearchRecord(space, Goals((Objective("accuracy"),)), config.strategy),
        trials=[trial],
        status="stopped",
        config=fields.to_dict(config),
        environment={},
        summary={},
        is_lost=False,
        notes=(),
    )


def words(command):
    return shlex.split(command.replace("\\\n", ""))


CELLS = spaces.NASBench201()
LISTED = spaces.Subset(CELLS, CELLS.sample(np.random.default_rng(1), 5))
CONV = spaces.ConvCell("darts", num_nodes=1, join="nodes")


@pytest.mark.parametrize(
    ("settings", "space", "expected"),
    [
        (SpaceConfig("nasbench201"), LISTED, ["--config.space.name=nasbench201"]),
        (
            SpaceConfig("conv_cell", "darts", 1, "nodes"),
            CONV,
            [
                "--config.space.name=conv_cell",
                "--config.space.operations=darts",
                "--config.space.num_nodes=1",
                "--config.space.join=nodes",
            ],
        ),
    ],
    ids=["listed", "conv_cell"],
)
def test_what_a_table_knows_is_trained_by_its_space(
    tmp_path, settings, space, expected
):
    run = stored(Config(space=settings, evaluator="table"), space, tmp_path)
    start, architecture = (
        words(next_steps.train(run))[3:-1],
        words(next_steps.train(run))[-1],
    )
    assert start == expected
    text = architecture.removeprefix("--architecture=")
    np.testing.assert_array_equal(space.parse(text), run.best.tokens)


def test_a_space_without_a_network_is_not_trained(tmp_path):
    slots = {"a": (1, 2)}
    config = Config(space=SpaceConfig("custom", slots=slots), evaluator="function")
    assert next_steps.train(stored(config, spaces.custom(slots), tmp_path)) is None


def test_a_search_that_trained_names_its_folder(tmp_path):
    run = stored(Config(), spaces.ConvCell(), tmp_path / "a run")
    assert f"--workdir={tmp_path / 'a run'}" in words(next_steps.train(run))
    assert words(next_steps.continuation(run))[2:] == [
        f"--config={tmp_path / 'a run' / 'config.json'}",
        f"--workdir={tmp_path / 'a run'}",
    ]
    assert words(next_steps.repetition(run))[-1].endswith("a run-again")
