"""What the user chooses about searches by a policy."""

import dataclasses

from nao.fields import check_at_least, check_positive, check_types, documented, option


@documented
@dataclasses.dataclass(frozen=True)
class ReinforceConfig:
    """Settings of the policy and its updates; the defaults are those of the paper."""

    num_layers: int = option(2, "Layers of the LSTM.")
    hidden_size: int = option(35, "Units of each layer.")
    learning_rate: float = option(6e-4, "Learning rate of Adam.")
    round_size: int = option(8, "Architectures of an update, m in the paper.")
    baseline_decay: float = option(
        0.95,
        "Decay of the moving average of objectives; 0 keeps the last round's mean.",
    )

    def __post_init__(self):
        check_types(self, "reinforce.")
        check_at_least(1, self, "num_layers", "hidden_size", "round_size")
        check_positive(self, "learning_rate")
        if not 0 <= self.baseline_decay < 1:
            raise ValueError(
                f"baseline_decay must be in [0, 1), got {self.baseline_decay}."
            )
