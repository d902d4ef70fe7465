"""What a user sees and hears of a search while it runs."""

from collections.abc import Callable
from typing import NamedTuple

from nao.runs import Trial

TrialFn = Callable[[Trial], None]  # a trial that was just written
RoundFn = Callable[[list[Trial]], None]  # all trials so far, after every round


class Watch(NamedTuple):
    """Who is told how a search goes on.

    Attributes:
        progress: Whether to draw a progress bar.
        on_trial: Called with each trial once it is in the ledger; None for nobody.
        on_round: Called after each round with all trials so far; None for nobody.
    """

    progress: bool = True
    on_trial: TrialFn | None = None
    on_round: RoundFn | None = None
