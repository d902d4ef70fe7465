"""The script that searches a table through noise."""

import dataclasses
import pathlib

import jax
import numpy as np
import pytest

from experiments.benchmarks import noisy_table
from nao.commands import build, configs

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def config():
    found = configs.load("table", ROOT)
    return dataclasses.replace(found, strategy="random")


@pytest.fixture(scope="module")
def table(config):
    return build.evaluator(config)


def test_noise_is_of_the_key_and_of_its_size(table):
    evaluator = noisy_table.NoisyTable(table, 0.5)
    tokens = table.space.sample(np.random.default_rng(0), 200)
    keys = jax.random.split(jax.random.key(0), 200)
    true, first, again = (
        np.array([found.value for found in e.evaluate(tokens, keys)])
        for e in (table, evaluator, evaluator)
    )
    np.testing.assert_array_equal(first, again)
    assert abs((first - true).std() - 0.5) < 0.1


def test_without_noise_more_measurements_choose_no_worse(config, table):
    evaluator = noisy_table.NoisyTable(table, 0.0)
    (few, num), (more, _) = (
        noisy_table.search("once", config, evaluator, size, 0) for size in (5, 40)
    )
    assert num == 5
    assert 0 <= more < few


def test_finalists_are_paid_for(config, table):
    evaluator = noisy_table.NoisyTable(table, 0.01)
    _, num = noisy_table.search("once, best 5", config, evaluator, 20, 0)
    assert num == 15


def test_it_prints_a_row_for_each_way(capsys):
    flags = ["--noise=0.01", "--num_trials=12", "--seeds=1"]
    noisy_table.main([*flags, "--config.strategy=random"])
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [*noisy_table.WAYS]


def test_what_trains_has_no_table():
    with pytest.raises(SystemExit, match="must search a table, got 'digits'"):
        noisy_table.main(["--noise=0.1", "--config=digits"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--noise=0.1", "--num_trials=5"], "--num_trials must be above 5, .* got 5"),
        (["--noise=-1"], "--noise must be finite and at least 0, got -1"),
        (["--noise=0.1", "--seeds=0"], "--seeds must be at least 1, got 0"),
    ],
)
def test_what_makes_no_sense_is_one_line(flags, message):
    with pytest.raises(SystemExit, match=message):
        noisy_table.main(flags)
