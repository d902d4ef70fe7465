"""What the user chooses about the controller, and the published presets."""

import dataclasses

from nao.fields import (
    check_at_least,
    check_choice,
    check_positive,
    check_types,
    documented,
    option,
)

TARGETS = ("min_max", "z_score", "rank")
SCHEDULES = ("constant", "cosine")


@documented
@dataclasses.dataclass(frozen=True)
class ControllerConfig:
    """Sizes, losses and fit of the controller; hashable, so static under jit.

    The defaults were chosen on NAS-Bench-201 cells and random convolutional cells, for
    pools of 16 to 600 architectures.
    """

    embedding_size: int = option(48, "Size of a token's embedding")
    hidden_size: int = option(48, "Size of encoder outputs, embedding, decoder state")
    bidirectional: bool = option(True, "The encoder also reads from last to first")
    residual: bool = option(True, "Add the encoder's input to its output (SemiNAS)")
    positions: bool = option(True, "Add a learned embedding of the position")
    ordered: bool = option(
        False, "Numbers of a slot share embeddings with their neighbours: order counts"
    )
    predictor_sizes: tuple[int, ...] = option((128,), "Hidden layers of the predictor")
    bounded: bool = option(False, "The prediction ends in a sigmoid; min_max only")
    predictor_dropout: float = option(0.0, "Share of predictor units dropped in a fit")
    ensemble_size: int = option(2, "Controllers fitted side by side")
    target: str = option("rank", f"What is predicted: {', '.join(TARGETS)}")
    trade_off: float = option(0.8, "Weight of prediction; reconstruction gets the rest")
    ranking_weight: float = option(0.5, "Share of the prediction loss that ranks pairs")
    masked_loss: bool = option(True, "Train the decoder under the grammar's mask")
    learning_rate: float = option(5e-3, "Adam's step size, at the start of a schedule")
    schedule: str = option(
        "cosine", f"Learning rate over a fit: {', '.join(SCHEDULES)}"
    )
    weight_decay: float = option(1e-2, "Weight decay; 0 is none")
    decoupled: bool = option(True, "Decay as in AdamW; else as part of the gradient")
    grad_clip: float = option(5.0, "Largest global norm of a gradient")
    num_epochs: int = option(75, "Passes over the pool in a fit")
    min_steps: int = option(150, "Fewest steps of a fit; small pools repeat batches")
    batch_size: int = option(64, "Architectures of the pool in a step")
    num_unlabelled: int = option(
        16, "Random architectures to reconstruct per step; with 0, those of the pool"
    )
    normalise_gradient: bool = option(True, "A step size is a length in latent space")

    def __post_init__(self):
        check_types(self)
        if any(size < 1 for size in self.predictor_sizes):
            raise ValueError(
                "predictor_sizes must be a tuple of sizes of at least 1, got "
                f"{self.predictor_sizes}."
            )
        check_at_least(1, self, "embedding_size", "hidden_size", "ensemble_size")
        check_at_least(1, self, "num_epochs", "batch_size")
        check_at_least(0, self, "num_unlabelled", "min_steps", "weight_decay")
        check_positive(self, "learning_rate", "grad_clip")
        for name in ("trade_off", "ranking_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be in [0, 1], got {getattr(self, name)}."
                )
        if not 0 <= self.predictor_dropout < 1:
            raise ValueError(
                f"predictor_dropout must be in [0, 1), got {self.predictor_dropout}."
            )
        check_choice("target", self.target, TARGETS)
        check_choice("schedule", self.schedule, SCHEDULES)
        if self.bounded and self.target != "min_max":
            raise ValueError(
                f"bounded predictions need target min_max, got {self.target!r}."
            )


# The controller of the released NAO_pytorch, version 1 (Luo et al., 2018,
# arXiv:1808.07233). Departures:
# - Every round fits from fresh parameters; the released loop keeps them.
# - A pool whose accuracies all tie is scaled by 1; the released code divides by zero.
# - Layers are initialised as here: kernels normal, scaled by inputs; biases zero but
#   the forget gate's 1; the released code takes PyTorch's uniform initialisation.
# - An LSTM has one bias; PyTorch's has two that are added.
# - Decoding masks with -inf over the legal tokens of a slot, in every space.
PAPER = ControllerConfig(
    embedding_size=48,
    hidden_size=96,
    bidirectional=False,
    residual=False,
    positions=False,
    predictor_sizes=(200, 200, 200),
    bounded=True,
    predictor_dropout=0.1,
    ensemble_size=1,
    target="min_max",
    trade_off=0.8,
    ranking_weight=0.0,
    masked_loss=False,
    learning_rate=1e-3,
    schedule="constant",
    weight_decay=1e-4,
    decoupled=False,
    grad_clip=5.0,
    num_epochs=1000,
    min_steps=0,
    batch_size=100,
    num_unlabelled=0,
    normalise_gradient=False,
)

# For queries rather than for the rounds of a search: takes as many steps as exact
# decoding of unseen sequences of 40 tokens needs.
EMBEDDING = ControllerConfig(min_steps=600, num_unlabelled=32)

# For the rounds of a search, where the controller only says which way is up: a third of
# the steps lose nothing there.
SEARCH = ControllerConfig(num_epochs=20, min_steps=100)

PRESETS = {
    "default": ControllerConfig(),
    "embedding": EMBEDDING,
    "paper": PAPER,
    "search": SEARCH,
}
