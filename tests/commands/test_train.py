"""What a final training shows of its epochs."""

import types

import pytest

from nao.commands import train


@pytest.mark.parametrize(
    ("measured", "shown"),
    [
        ({"val_loss": 2.0, "val_perplexity": 7.389}, "loss 3, perplexity 7.39"),
        ({"val_accuracy": 0.5, "val_loss": 2.0}, "loss 3, accuracy 0.5"),
        ({"val_loss": 2.0}, "loss 3, loss 2"),
    ],
)
def test_epochs_show_a_measure_beside_the_training_loss(measured, shown):
    told = []
    bar = types.SimpleNamespace(done=1, advance=lambda *of: told.append(of))
    show = train._show_on(bar)
    show(2, {"train_loss": 3.0, **measured})
    show(3, {})  # epochs done before, when a training goes on
    assert told == [(1, shown), (2, "")]
