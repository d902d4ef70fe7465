import dataclasses

import pytest

from nao import controller


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("hidden_size", 0, "hidden_size must be at least 1, got 0"),
        ("predictor_sizes", [8], "predictor_sizes must be a tuple"),
        ("predictor_sizes", (8, 0), "predictor_sizes must be a tuple"),
        ("num_unlabelled", -1, "num_unlabelled must not be negative, got -1"),
        ("learning_rate", 0.0, "learning_rate must be positive, got 0.0"),
        ("trade_off", 1.5, r"trade_off must be in \[0, 1\], got 1.5"),
        ("predictor_dropout", 1.0, r"predictor_dropout must be in \[0, 1\)"),
        ("target", "median", "target must be one of min_max, z_score, rank"),
        ("schedule", "linear", "schedule must be one of constant, cosine"),
        ("bounded", True, "bounded predictions need target min_max, got 'rank'"),
    ],
)
def test_a_wrong_value_names_the_rule(field, value, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(controller.ControllerConfig(), **{field: value})


def test_every_field_has_help():
    for field in dataclasses.fields(controller.ControllerConfig):
        assert field.metadata["help"]


def test_presets_are_hashable_and_differ():
    assert len(set(controller.PRESETS.values())) == len(controller.PRESETS)
    assert controller.PRESETS["paper"] is controller.PAPER
