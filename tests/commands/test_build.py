"""Tests of objects made of a config."""

import pytest

from nao.commands import build
from nao.config import Config
from nao.evaluators import FunctionEvaluator, Objective, SharedConfig, TableConfig
from nao.spaces import ConvCell, SpaceConfig


@pytest.mark.parametrize("name", ["training", "table"])
def test_every_evaluator_of_a_config_gets_its_strategy(name):
    """Searches by training broke where strategies were told an evaluator's budgets."""
    space = SpaceConfig(name="table" if name == "table" else "conv_cell")
    table = TableConfig(
        "experiments/tables/digits_cells.csv",
        slots="1<-0,2<-0,2<-1,3<-0,3<-1,3<-2",
        objective="val_accuracy",
    )
    config = Config(evaluator=name, strategy="random", space=space, table=table)
    evaluator = build.evaluator(config)
    assert build.strategy(config, evaluator).space == evaluator.space


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ["the weights learn before the first round alone", "num_trials=60 ends"]),
        ({"shared": SharedConfig(epochs_a_round=5), "num_trials": 200}, []),
        ({"strategy": "random_ws"}, []),
    ],
)
def test_turns_that_are_never_taken_are_told(caplog, changes, told):
    config = Config(
        **{"evaluator": "shared", "strategy": "nao_ws", "deduplicate": "none"} | changes
    )
    evaluator = FunctionEvaluator(ConvCell(), lambda choices: 0, Objective("score"))
    build.strategy(config, evaluator)
    assert len(caplog.records) == len(told)
    for record, words in zip(caplog.records, told, strict=True):
        assert words in record.getMessage()
