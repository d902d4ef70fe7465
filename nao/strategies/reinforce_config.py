"""What the user chooses about searches by a policy, and ENAS's choices."""

import dataclasses
from typing import ClassVar

from nao.fields import (
    again,
    check_at_least,
    check_choice,
    check_positive,
    check_types,
    documented,
    option,
)

BASELINE_MOVES = ("round", "architecture")


@documented
@dataclasses.dataclass(frozen=True)
class ReinforceConfig:
    """Settings of the policy and its updates; the defaults are those of the paper."""

    section: ClassVar[str] = "reinforce"

    num_layers: int = option(2, "Layers of the LSTM.")
    hidden_size: int = option(35, "Units of each layer.")
    initial_bound: float = option(
        0.08, "Parameters start uniform between this and its negative."
    )
    temperature: float = option(1.0, "What logits are divided by, first of all.")
    tanh_constant: float = option(
        0.0, "Bound c of logits, as c * tanh(logits / temperature); 0 for none."
    )
    learning_rate: float = option(6e-4, "Learning rate of Adam.")
    adam_beta1: float = option(0.9, "Decay of Adam's mean of gradients.")
    adam_epsilon: float = option(1e-8, "What Adam adds to the size of gradients.")
    round_size: int = option(8, "Architectures of an update, m in the paper.")
    repeats: bool = option(
        False,
        "Whether a round may hold an architecture more than once, as samples of the "
        "policy do; of no effect unless deduplicate is none.",
    )
    entropy_weight: float = option(
        0.0,
        "What the policy's entropy adds to a reward, in standard deviations of the "
        "first round's objectives per nat; it has no gradient of its own.",
    )
    baseline_decay: float = option(
        0.95,
        "Decay of the moving average of objectives; 0 keeps the last round's mean, or "
        "the last architecture's.",
    )
    baseline_moves: str = option(
        "round",
        "What the moving average moves by: round (the mean of a round) or architecture "
        "(each of a round in turn, so that the decay is that of an architecture).",
    )

    def __post_init__(self):
        prefix = f"{self.section}."
        check_types(self, prefix)
        counts = ("num_layers", "hidden_size", "round_size")
        check_at_least(1, self, *counts, prefix=prefix)
        check_at_least(0, self, "tanh_constant", "entropy_weight", prefix=prefix)
        names = ("learning_rate", "adam_epsilon", "initial_bound", "temperature")
        check_positive(self, *names, prefix=prefix)
        for name in ("baseline_decay", "adam_beta1"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be in [0, 1), got {getattr(self, name)}."
                )
        moves = f"{prefix}baseline_moves"
        check_choice(moves, self.baseline_moves, BASELINE_MOVES)


# The released search for convolutional cells, melodyguan/enas. Departures:
# - All logits have one bound; the released code divides that of operations by 2.5, and
#   adds a bias that favours separable convolutions.
# - Tokens are written in the order of the space, each read by its embedding; the
#   released policy writes both inputs of a node first, by attention to earlier nodes.
# - One update follows each training of the shared weights, not 30 from a new sample
#   each: a round is told whole.
# - Rewards are standardised, as `Reinforce` says. The released moving average begins at
#   0, too, but below all rewards, so that every architecture is encouraged until it has
#   caught up; standardised, 0 is the mean of the first round, whatever the unit and the
#   sign of the objective. The weight of the entropy is that of standardised rewards.
@documented
@dataclasses.dataclass(frozen=True)
class ENASConfig(ReinforceConfig):
    """Settings of the policy of ENAS (Pham et al., 2018, arXiv:1802.03268)."""

    section: ClassVar[str] = "enas"

    num_layers: int = again(ReinforceConfig, "num_layers", 1)
    hidden_size: int = again(ReinforceConfig, "hidden_size", 64)
    initial_bound: float = again(ReinforceConfig, "initial_bound", 0.1)
    tanh_constant: float = again(ReinforceConfig, "tanh_constant", 1.1)
    learning_rate: float = again(ReinforceConfig, "learning_rate", 3.5e-3)
    adam_beta1: float = again(ReinforceConfig, "adam_beta1", 0.0)
    adam_epsilon: float = again(ReinforceConfig, "adam_epsilon", 1e-3)
    round_size: int = again(ReinforceConfig, "round_size", 10)
    repeats: bool = again(ReinforceConfig, "repeats", True)
    entropy_weight: float = again(ReinforceConfig, "entropy_weight", 1e-4)
    baseline_decay: float = again(ReinforceConfig, "baseline_decay", 0.99)
    baseline_moves: str = again(ReinforceConfig, "baseline_moves", "architecture")
