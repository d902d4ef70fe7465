"""Bayesian optimisation with a random forest, as SMAC does (Hutter et al., 2011).

Sequential Model-Based Optimization for General Algorithm Configuration, section 4.1:
every tree takes an architecture to be worth what its leaf holds, with the leaf's
variance, and the forest is the even mixture of its trees.
"""

import dataclasses
import functools
from typing import Any, ClassVar

import numpy as np

from nao.fields import check_at_least, documented, option
from nao.strategies.surrogate import PredictFn, Surrogate, SurrogateConfig
from nao.system import stages


@documented
@dataclasses.dataclass(frozen=True)
class ForestConfig(SurrogateConfig):
    """Settings of the random forest."""

    prefix: ClassVar[str] = "forest."

    num_trees: int = option(100, "Trees, each fitted to a sample of the pool.")

    def __post_init__(self):
        super().__post_init__()
        check_at_least(1, self, "num_trees", prefix=self.prefix)


@dataclasses.dataclass(frozen=True)
class Forest(Surrogate):
    """Asks scikit-learn's random forest for the largest expected improvement."""

    config: ForestConfig = dataclasses.field(default_factory=ForestConfig)
    name: str = "forest"

    def _fit(
        self, rng: np.random.Generator, rows: np.ndarray, values: np.ndarray
    ) -> PredictFn:
        # Imported here: scikit-learn takes a second, which not every strategy needs.
        from sklearn import ensemble

        # As in the paper, a split looks at 5 of 6 features; a leaf may be one row.
        forest = ensemble.RandomForestRegressor(
            self.config.num_trees, max_features=5 / 6, random_state=rng.integers(2**31)
        )
        with stages.stage("fitting the forest"):
            return functools.partial(mixture, forest.fit(rows, values))


def mixture(forest: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and standard deviation of the mixture of a forest's trees.

    Args:
        forest: scikit-learn's RandomForestRegressor, fitted.
        rows: float32 [num, size].

    Returns:
        float64 [num] each.
    """
    leaves = forest.apply(rows).T  # [trees, num]
    trees = [tree.tree_ for tree in forest.estimators_]
    mean = np.stack(
        [t.value[leaf, 0, 0] for t, leaf in zip(trees, leaves, strict=True)]
    )
    # Where leaves are split by squared error, their impurity is their variance.
    inside = np.stack([t.impurity[leaf] for t, leaf in zip(trees, leaves, strict=True)])
    return mean.mean(0), np.sqrt(mean.var(0) + inside.mean(0))
