"""What the user chooses about NAO, and the published recipes."""

import dataclasses
from typing import ClassVar

from nao.controller import PRESETS, ControllerConfig
from nao.fields import (
    check_at_least,
    check_choice,
    check_types,
    documented,
    option,
    part,
)

CANDIDATES = ("ascent", "random", "all")
RANKINGS = ("both", "process", "predictor", "nothing")


# The defaults were chosen on NAS-Bench-201, TransNAS-Bench-101 and NAS-Bench-Macro;
# three ascents a round did not pay (experiments/results).
@documented
@dataclasses.dataclass(frozen=True)
class NAOConfig:
    """Settings of NAO; the defaults are not the paper's, see `PAPER`."""

    section: ClassVar[str] = "nao"

    num_seed_archs: int = option(10, "Architectures of the first, random round.")
    round_size: int = option(5, "Architectures of every later round.")
    top_k: int = option(32, "Best evaluated architectures that ascents start from.")
    num_random_starts: int = option(
        96, "Random architectures that ascents start from as well."
    )
    num_random_candidates: int = option(
        1000, "Random architectures among the candidates that a round is chosen from."
    )
    num_trade_offs: int = option(
        5, "Trade-offs of several objectives to climb along, evenly spread, at least."
    )
    step_sizes: tuple[float, ...] = option(
        (0.0, 0.1, 0.25, 0.5, 1.0, 2.5),
        "Step sizes of the ascent, eta in the paper, all tried; 0 stays at the start.",
    )
    temperature: float = option(
        1.0, "Temperature of the decoder: 0 decodes greedily, 1 samples."
    )
    ranked_by: str = option(
        "both",
        "What ranks candidates: process (a Gaussian process's expected improvement), "
        "predictor (the controller's mean), both in turn, or nothing (as decoded).",
    )
    process_turns: int = option(
        4,
        "Candidates that the process chooses for each of the predictor's, where both "
        "rank; 1 where evaluations are noisy. Of several objectives it is always 1.",
    )
    candidates: str = option(
        "ascent",
        f"What a round is chosen from: {', '.join(CANDIDATES)} (the whole space).",
    )
    canonical: bool = option(
        True, "The controller reads canonical forms: one embedding for each function."
    )
    num_variants: int = option(
        1, "Equivalent sequences per architecture to fit on; unused where canonical."
    )
    distinct_functions: bool = option(
        True,
        "Propose another sequence of a known function only after all new functions; "
        "of no effect where deduplicate is none.",
    )
    num_pseudo: int = option(
        0,
        "Random architectures that the controller labels for a second fit, as in "
        "SemiNAS; 0 for none.",
    )
    max_pool: int = option(
        400,
        "Most evaluated architectures that a round learns from: the best half of them, "
        "and others at random; 0 for all.",
    )
    controller: ControllerConfig = part(lambda: PRESETS["search"])

    def __post_init__(self):
        prefix = f"{self.section}."
        check_types(self, prefix)
        counts = ("num_seed_archs", "round_size", "top_k", "num_trade_offs")
        more = ("process_turns", "num_variants")
        check_at_least(1, self, *counts, *more, prefix=prefix)
        numbers = ("num_random_starts", "num_random_candidates", "temperature")
        check_at_least(0, self, *numbers, prefix=prefix)
        check_at_least(0, self, "num_pseudo", "max_pool", prefix=prefix)
        check_choice(f"{prefix}candidates", self.candidates, CANDIDATES)
        check_choice(f"{prefix}ranked_by", self.ranked_by, RANKINGS)
        if not self.step_sizes or min(self.step_sizes) < 0:
            raise ValueError(
                f"{prefix}step_sizes must be one or more numbers of at least 0, "
                f"got {self.step_sizes}."
            )


# NAO as released in NAO_pytorch, version 1. Departures:
# - Those of the controller's preset.
# - All step sizes are tried in one batch and their results taken in the order of the
#   step size, where the released loop stops at the size that fills the round.
# - An epoch reads one of 8 equivalents of a sequence, drawn before the fit; the
#   released code swaps the branches of one random node per cell at every draw.
# - The pool keeps all; the released one drops as many of its worst as a round adds.
PAPER = NAOConfig(
    num_seed_archs=600,
    round_size=300,
    top_k=100,
    num_random_starts=0,
    num_random_candidates=0,
    step_sizes=tuple(float(eta) for eta in range(1, 51)),
    temperature=0.0,
    ranked_by="nothing",
    max_pool=0,
    canonical=False,
    num_variants=8,
    distinct_functions=False,
    controller=PRESETS["paper"],
)


# SemiNAS (Luo et al., 2020, arXiv:2002.10389), with the sizes of its released search
# on NAS-Bench-101. Departures:
# - Both fits of a round take the same number of epochs, from fresh parameters; the
#   released loop takes 1000 and then 500, and keeps parameters from round to round.
# - The predictor is a plain perceptron; the released one adds its input to its output.
# - Ascents start from measured architectures; the released ones from pseudo-labelled
#   ones too.
# - Targets are standardised by the pool; the released code knows the benchmark's mean.
SEMINAS = dataclasses.replace(
    PAPER,
    num_seed_archs=1100,
    step_sizes=tuple(float(eta) for eta in range(1, 101)),
    num_variants=1,
    num_pseudo=10_000,
    controller=dataclasses.replace(
        PRESETS["paper"],
        embedding_size=64,
        hidden_size=64,
        bidirectional=True,
        residual=True,
        predictor_sizes=(16, 16),
        bounded=False,
        target="z_score",
        num_epochs=500,
    ),
)
