"""How a mixture of all architectures is trained: what the user chooses."""

import dataclasses

from nao.fields import (
    check_at_least,
    check_choice,
    check_types,
    documented,
    option,
)

_ORDERS = ("first", "second")
_PRODUCTS = ("exact", "finite")
_RELAXATIONS = ("softmax", "gumbel")


@documented
@dataclasses.dataclass(frozen=True)
class MixtureConfig:
    """How weights and logits of a mixture learn; weights by the recipe of `child`."""

    epochs: int = option(
        50,
        "Passes over its half of the training examples in all, by which learning rate "
        "and temperature change; later rounds learn nothing. num_trials of darts and "
        "gdas is epochs / epochs_a_round.",
    )
    epochs_a_round: int = option(1, "Epochs before each round.")
    relaxation: str = option(
        "softmax",
        "What an edge computes in training: softmax, the weighted sum of all "
        "operations (DARTS); gumbel, one drawn by its weight (GDAS).",
    )
    order: str = option(
        "first",
        "Logits' gradient: first takes weights as they are, second as one step of "
        "training would leave them (DARTS).",
    )
    product: str = option(
        "finite",
        "Second order's mixed derivative: finite, by differences, as published; exact, "
        "by automatic differentiation, another program to compile.",
    )
    learning_rate: float = option(3e-4, "Learning rate of the logits, by Adam.")
    weight_decay: float = option(1e-3, "Pull on the logits; 0 is none.")
    first_temperature: float = option(10.0, "Temperature of gumbel at the first step.")
    last_temperature: float = option(0.1, "Temperature of gumbel after the last step.")

    def __post_init__(self):
        check_types(self, "mixture.")
        check_at_least(1, self, "epochs", "epochs_a_round", prefix="mixture.")
        check_at_least(0, self, "weight_decay", prefix="mixture.")
        positive = ("learning_rate", "first_temperature", "last_temperature")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(
                    f"mixture.{name} must be positive, got {getattr(self, name)}."
                )
        check_choice("mixture.relaxation", self.relaxation, _RELAXATIONS)
        check_choice("mixture.order", self.order, _ORDERS)
        check_choice("mixture.product", self.product, _PRODUCTS)
        if self.order == "second" and self.relaxation == "gumbel":
            raise ValueError(
                "mixture.order must be first where mixture.relaxation is gumbel, got "
                "'second'."
            )
