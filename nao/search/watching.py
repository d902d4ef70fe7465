"""What a user sees and hears of a search while it runs."""

import dataclasses
from collections.abc import Callable

from nao.runs import Trial

BeginFn = Callable[[], None]
TrialFn = Callable[[Trial], None]  # a trial that was just written
RoundFn = Callable[[list[Trial]], None]  # all trials so far, after every round


@dataclasses.dataclass(frozen=True)
class Watch:
    """Who is told how a search goes on.

    Attributes:
        progress: Whether to show on stderr how far it is: a bar, or a line a round.
        on_begin: Called when the run is in its folder, to be continued; not of one that
            was finished.
        on_trial: Called with each trial once it is in the ledger; None for nobody.
        on_round: Called after each round with all trials so far; None for nobody.
    """

    progress: bool = True
    on_begin: BeginFn | None = None
    on_trial: TrialFn | None = None
    on_round: RoundFn | None = None

    def __post_init__(self):
        for name in ("on_begin", "on_trial", "on_round"):
            function = getattr(self, name)
            if function is not None and not callable(function):
                raise TypeError(f"{name} must be a function, got {function!r}.")
