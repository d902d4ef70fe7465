import pytest

from nao.child.mixture_config import MixtureConfig


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": 0}, "mixture.epochs must be at least 1, got 0"),
        ({"order": "third"}, "mixture.order must be one of first, second"),
        ({"learning_rate": 0.0}, "mixture.learning_rate must be positive"),
        ({"order": "second", "relaxation": "gumbel"}, "must be first where"),
    ],
)
def test_wrong_fields_are_named(fields, message):
    with pytest.raises(ValueError, match=message):
        MixtureConfig(**fields)
