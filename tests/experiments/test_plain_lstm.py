"""The LSTM that searched cells are compared with, at its smallest."""

import dataclasses

import numpy as np
import pytest

import nao
from experiments.benchmarks import plain_lstm
from experiments.configs import text
from nao.data import TextDataset


def test_parameters_are_counted():
    net = plain_lstm.PlainLSTM(
        num_outputs=7, units=5, input_shape=(3,), arch_shape=(1,), input_dtype="int32"
    )
    assert net.num_parameters() == plain_lstm.num_parameters(7, 5)
    assert plain_lstm.units_of(plain_lstm.num_parameters(7, 5), 7) == 5
    assert plain_lstm.units_of(plain_lstm.num_parameters(7, 5) - 1, 7) == 4


@pytest.mark.slow
def test_rows_are_printed(capsys, monkeypatch):
    tokens = np.arange(200, dtype=np.int32) % 4
    made = TextDataset("abcd", tuple("abcd"), tokens, tokens, tokens, "characters")
    monkeypatch.setattr(plain_lstm, "load", lambda config: made)
    config = text.get_config()
    child = nao.ChildConfig(units=4, window=5, batch_size=4, epochs=1)
    space = dataclasses.replace(config.space, num_nodes=2)
    config = dataclasses.replace(config, child=child, space=space)
    plain_lstm.measure(config, 2, [1.0], 2)
    rows = [row.strip("|").split("|") for row in capsys.readouterr().out.splitlines()]
    assert [row[0].strip() for row in rows[2:]] == ["LSTM of 3 units", "2 random cells"]
    values = [float(row[-1].split("±")[0]) for row in rows[2:]]
    assert values == [pytest.approx(4, abs=2)] * 2
