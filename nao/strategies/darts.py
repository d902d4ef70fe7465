"""Asks for what an evaluator that learns would choose itself: `darts` and `gdas`.

The search is in the evaluator, whose logits learn by gradients (Liu et al., 2019,
arXiv:1806.09055; Dong & Yang, 2019, arXiv:1910.04465): a round is one architecture,
derived after an epoch.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from nao.spaces import Space
from nao.strategies import base
from nao.types import Array


@dataclasses.dataclass(frozen=True)
class DerivedConfig:
    """No settings: those of the mixture are the evaluator's."""


@dataclasses.dataclass(frozen=True)
class Derived(base.PoolStrategy):
    """Asks for the architectures in `State.derived`.

    Attributes:
        asks_for_derived: Whether only what an evaluator derives is asked for.

    Raises:
        ValueError: If `deduplicate` is not `none`.
    """

    space: Space
    config: DerivedConfig = dataclasses.field(default_factory=DerivedConfig)
    deduplicate: str = "none"
    name: str = "darts"
    asks_for_derived: ClassVar[bool] = True

    def __post_init__(self):
        why = "an architecture again while it is the one derived"
        base.check_may_repeat(self, why)

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Returns what was derived.

        Raises:
            ValueError: If nothing was: the evaluator is none that chooses.
        """
        del key
        if state.derived is None:
            raise ValueError(
                f"Strategy {self.name} needs evaluator=mixture, or another that "
                "derives architectures."
            )
        return state.derived, state
