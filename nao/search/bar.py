"""The progress of a search: best so far, trials per minute, time left."""

from collections.abc import Mapping

from nao.evaluators import Evaluator, precision
from nao.runs import Ledger
from nao.search.limits import Limits
from nao.system.progress import Progress


class SearchBar(Progress):
    """Shows a search: a bar, or a line a round, and a minute in one that is long."""

    def __init__(
        self, trials: Ledger, allowed: Limits, evaluator: Evaluator, is_shown: bool
    ):
        """Starts at the trials that are there already."""
        super().__init__(
            allowed.num_trials,
            "trial",
            len(trials),
            is_shown=is_shown,
            name="search",
            has_lines=False,
        )
        self._trials, self._most_cost = trials, allowed.max_trials_cost
        # An evaluator of a user's own need not have it.
        counts: Mapping[str, int] = getattr(evaluator, "num_examples", {})
        self._num_examples = counts.get(evaluator.objective.name)
        self.note(self._best())

    def count(self) -> None:
        """Counts one more trial, which the ledger has."""
        self.advance(note=self._best())

    def expected(self) -> float:
        """Returns how many trials there will be, if they go on to cost as they did."""
        cost = self._trials.cost
        if not self._most_cost or not cost:
            return self.total
        return min(self.total, self.done * self._most_cost / cost)

    def _best(self) -> str:
        best = self._trials.best()
        found = "no result yet"
        if best is not None:
            found = f"best {precision.short(best.mean, self._num_examples)}"
        cost = self._trials.cost
        return found if cost == len(self._trials) else f"{found}, cost {cost:.4g}"
