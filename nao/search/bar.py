"""The progress bar of a search: best so far, trials per minute, time left."""

import tqdm.auto

from nao.runs import Ledger


class SearchBar:
    """Draws a bar on a terminal or in a notebook; nothing where there is neither."""

    def __init__(self, trials: Ledger, num_trials: int, is_shown: bool):
        """Starts a bar at the trials that are there already."""
        self._trials = trials
        self._bar = tqdm.auto.tqdm(
            total=max(num_trials, len(trials)),
            initial=len(trials),
            disable=None if is_shown else True,
            unit="trial",
            dynamic_ncols=True,
            smoothing=0.1,
        )
        self._show()

    def __enter__(self) -> "SearchBar":
        return self

    def __exit__(self, *error) -> None:
        self._bar.close()

    def show_stage(self, text: str) -> None:
        """Shows in front of the bar what the search is doing."""
        self._bar.set_description(text)

    def advance(self) -> None:
        """Counts one more trial, which the ledger has."""
        self._bar.update()
        self._show()

    def _show(self) -> None:
        best, rate = self._trials.best(), self._bar.format_dict["rate"]
        parts = [f"best {best.value:.4f}" if best else "no result yet"]
        if rate:
            parts.append(f"{60 * rate:.0f} trials/min")  # tqdm counts by the second
        self._bar.set_postfix_str(", ".join(parts), refresh=False)
