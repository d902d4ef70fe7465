"""Tests of objects made of a config."""

import pytest

from nao.commands import build
from nao.config import Config
from nao.evaluators import TableConfig
from nao.spaces import SpaceConfig


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
