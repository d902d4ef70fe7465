"""All that a user can choose about an experiment, as one frozen dataclass.

A config file returns a `Config`; every field that is not a mapping can be overridden by
its dotted name, as `nao.round_size`.
"""

import dataclasses

from nao.evaluators import EVALUATORS, EvaluatorSettings
from nao.fields import (
    MAX_SEED,
    check_at_least,
    check_choice,
    check_seed,
    check_types,
    documented,
    option,
    part,
)
from nao.spaces import SpaceConfig
from nao.strategies import (
    DEDUPLICATE,
    STRATEGIES,
    StrategySettings,
)


@documented
@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What `--mode=benchmark` compares.

    Strategies on the table of the config; with `evaluator=shared`, scores by shared
    weights with true values, of which this reads `num_seeds` and `num_ranked`.
    """

    strategies: tuple[str, ...] = option(
        ("nao", "evolution", "local_search", "random"),
        "Strategies to compare, each as NAME, NAME:SEEDS or NAME:SEEDS:QUERIES.",
    )
    # NAME:SEEDS goes before it, as NAME:SEEDS:QUERIES goes before `num_trials`.
    num_seeds: int = option(
        10,
        "Runs of each strategy that names no number of its own, or shared weights to "
        "learn, seeds from 0 on.",
    )
    num_ranked: int = option(
        200,
        "evaluator=shared: architectures, drawn at random, whose scores are compared "
        "with the table, or with trainings of each alone where there is none.",
    )
    stop_at_best: bool = option(
        True, "End a run that has found the table's best value: no query could beat it."
    )
    num_workers: int = option(
        0, "Processes at once, a run in each; 0 is one for each CPU core."
    )

    def __post_init__(self):
        check_types(self, "benchmark.")
        check_at_least(1, self, "num_seeds", prefix="benchmark.")
        check_at_least(2, self, "num_ranked", prefix="benchmark.")
        check_at_least(0, self, "num_workers", prefix="benchmark.")
        if not self.strategies:
            raise ValueError("benchmark.strategies must name at least one strategy.")


# By inheritance the parts of strategies and evaluators are fields of the config itself,
# such as `nao.round_size`, and a config is the settings that their registries take.
@documented
@dataclasses.dataclass(frozen=True)
class Config(StrategySettings, EvaluatorSettings):
    """All settings of one experiment, whatever its mode."""

    seed: int = option(0, "Seed of everything random.", most=MAX_SEED)
    num_trials: int = option(
        60, "Evaluations to spend, partial ones and the random round included."
    )
    max_cost: float = option(
        0.0, "Full evaluations that all may cost together; 0 for any number."
    )
    num_finalists: int = option(
        1,
        "How many of the best architectures are measured once more when all trials are "
        "done, to choose by the mean; beyond num_trials, each at the cost of 1. 1 for "
        "none.",
    )
    strategy: str = option(
        "nao", f"What proposes architectures: {', '.join(STRATEGIES)}."
    )
    evaluator: str = option(
        "training", f"What measures architectures: {', '.join(EVALUATORS)}."
    )
    deduplicate: str = option(
        "canonical",
        "What is never evaluated twice: canonical (the same function), sequence, or "
        "none, where anything may be.",
    )
    storage: str = option(
        "", "Optuna storage URL of the ledger; empty for SQLite in the workdir."
    )
    warm_start: str = option(
        "", "Workdir of an earlier run whose trials the strategy learns from; or empty."
    )
    space: SpaceConfig = part(SpaceConfig)
    benchmark: BenchmarkConfig = part(BenchmarkConfig)

    def __post_init__(self):
        check_types(self)
        # Parts have checked their ranges; `num_devices`, inherited, stands in none.
        check_seed(self.seed)
        check_at_least(1, self, "num_trials", "num_finalists")
        check_at_least(0, self, "num_devices", "max_cost")
        check_choice("deduplicate", self.deduplicate, DEDUPLICATE)
