"""What a round of NAO aims at where a search has several objectives, or bounds.

Every column, objective or only bounded, has a head of the predictor. Ascents climb
along several trade-offs of the objectives, and back to where the bounds are kept; of
what they decode to, a round takes what adds most to the hypervolume of the front, by
one draw of what each may be, times the probability that it keeps the bounds. A draw
(Thompson sampling), since where no mean adds anything it leads to what is doubtful; the
mean over 16 draws found worse fronts on NAS-Bench-201.
"""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np
from scipy import special

from nao.controller import Goal, fronts, targets
from nao.strategies import ranking, sorting
from nao.strategies.base import ColumnGoals
from nao.strategies.expectation import Expectation

_MAX_KNOWN = 1000  # candidates of a round whose costs are looked up
_MAX_CANDIDATES = 300  # of those, whose gains are computed
_FEWER_CANDIDATES = 60  # of three objectives or more, whose volumes take long
_CERTAIN = 1e-9  # standard deviation, in targets, of what is known


@dataclasses.dataclass(frozen=True, eq=False)
class Aim:
    """The goals of a search, in the unit of the targets of one pool.

    Attributes:
        goals: Objectives and bounds.
        values: The pool's columns, float64 [num, columns], none of them NaN.
        rule: How targets are made, one of the controller's `TARGETS`.
    """

    goals: ColumnGoals
    values: np.ndarray
    rule: str

    @property
    def num_objectives(self) -> int:
        """How many columns are wanted; the others are only bounded."""
        return len(self.goals.objectives)

    @functools.cached_property
    def learned(self) -> np.ndarray:
        """What the heads learn, float32 [num, columns]; [num] of a single column."""
        found = [targets.normalise(column, self.rule) for column in self.values.T]
        return found[0] if len(found) == 1 else np.stack(found, -1)

    @functools.cached_property
    def scales(self) -> tuple[targets.Scale, ...]:
        """How values of each column map to targets."""
        return tuple(targets.scale(column, self.rule) for column in self.values.T)

    @functools.cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest target allowed in each column, float64 [columns] each."""
        least, most = (
            [
                scale.to_targets(bound) if np.isfinite(bound) else bound
                for scale, bound in zip(self.scales, bounds, strict=True)
            ]
            for bounds in self.goals.bounds
        )
        return np.array(least, np.float64), np.array(most, np.float64)

    def ascents(self, num: int) -> list[Goal]:
        """Returns what ascents shall do: `num` evenly spread trade-offs, or more.

        Single objectives are among them, as the ends of a front matter.
        """
        least, most = (bound.astype(np.float32) for bound in self.bounds)
        found = fronts.directions(self.num_objectives, num)
        missing = [(0, 0), (0, len(self.scales) - self.num_objectives)]
        weights = np.pad(found, missing).astype(np.float32)
        return [Goal(row, least, most) for row in weights]

    def best_first(self) -> np.ndarray:
        """Returns the rows of the pool, by fronts within the bounds, int [num]."""
        return self._promising(self.learned.reshape(len(self.values), -1))

    def best(self, goal: Goal, num: int) -> np.ndarray:
        """Returns the rows of the pool that serve an ascent best, int [<=num]."""
        score = goal.score(self.learned.reshape(len(self.values), -1))
        return np.argsort(-score, kind="stable")[:num]

    def orders(
        self,
        rng: np.random.Generator,
        tokens: np.ndarray,
        expected: Mapping[str, Expectation],
        num: int,
    ) -> list[np.ndarray]:
        """Returns which candidates a round takes by each expectation, as `order` does.

        Where both are asked, the predictor says what the first objective may be, the
        process all the rest: costs, which follow from the sequence alone, it knows far
        better. On the front of NAS-Bench-201 with its parameters learned one search in
        twenty stuck without the predictor, and one in ten with all columns its own.
        """
        found = {by: expect(tokens) for by, expect in expected.items()}
        if len(found) > 1:
            pairs = zip(found["predictor"], found["process"], strict=True)
            found["predictor"] = tuple(
                np.concatenate([first[:, :1], rest[:, 1:]], 1) for first, rest in pairs
            )
        return [self.order(rng, tokens, *each, num) for each in found.values()]

    def order(
        self,
        rng: np.random.Generator,
        tokens: np.ndarray,
        mean: np.ndarray,
        std: np.ndarray,
        num: int,
    ) -> np.ndarray:
        """Returns which candidates a round takes, best first, int [<=num].

        Args:
            rng: Draws what each candidate may be.
            tokens: The candidates, int32 [rows, length].
            mean: Their expected targets, float64 [rows, columns].
            std: Standard deviations of these, of the same shape.
            num: Size of the round.
        """
        # What is known takes long to count, so only the most promising are looked up.
        rows = self._promising(mean)[:_MAX_KNOWN]
        mean, std = mean[rows], std[rows]
        for i, column in self.goals.known(tokens[rows]).items():
            mean[:, i] = self.scales[i].to_targets(column)
            std[:, i] = _CERTAIN
        is_known = np.isfinite(mean).all(-1)  # a cost may be NaN
        kept = np.flatnonzero(is_known & self.goals.may_keep(tokens[rows]))
        # By the mean: a draw of what is far from the front would be taken by chance.
        most = _MAX_CANDIDATES if self.num_objectives < 3 else _FEWER_CANDIDATES
        kept = kept[self._promising(mean[kept], num)[:most]]
        rows, mean, std = rows[kept], mean[kept], std[kept]
        chances = self._chances(mean, std)
        if self.num_objectives == 1:
            gains = self._improvement(mean[:, 0], std[:, 0])
            return rows[np.argsort(-gains * chances, kind="stable")[:num]]
        drawn = (mean + std * rng.normal(size=std.shape))[:, : self.num_objectives]
        return rows[self._largest_gains(drawn, chances, num)]

    def _promising(self, mean: np.ndarray, num_fronts: int | None = None) -> np.ndarray:
        """Returns the rows of the first fronts within the bounds, then all others."""
        least, most = self.bounds
        beyond = (np.maximum(mean - most, 0) + np.maximum(least - mean, 0)).sum(-1)
        kept, rest = np.flatnonzero(beyond == 0), np.flatnonzero(beyond > 0)
        order = sorting.front_order(mean[kept, : self.num_objectives], num_fronts)
        return np.concatenate(
            [kept[order], rest[np.argsort(beyond[rest], kind="stable")]]
        )

    def _chances(self, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
        """Returns the probability that each row keeps all bounds, float64 [rows]."""
        least, most = self.bounds
        std = np.maximum(std, _CERTAIN)
        below = special.ndtr((most - mean) / std) - special.ndtr((least - mean) / std)
        return np.nan_to_num(below).prod(-1)

    @property
    def _kept(self) -> np.ndarray:
        """Targets of the objectives of what keeps the bounds, [rows, objectives]."""
        is_kept = sorting.broken_by(self.values, self.goals) == 0
        measured = self.learned.reshape(len(self.values), -1)
        return measured[is_kept, : self.num_objectives].astype(np.float64)

    def _improvement(self, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
        """Returns the expected improvement on the best within the bounds."""
        kept = self._kept[:, 0]
        best = kept.max() if len(kept) else self.learned.min()
        return ranking.expected_improvement(mean, std, best)

    def _largest_gains(
        self, drawn: np.ndarray, chances: np.ndarray, num: int
    ) -> np.ndarray:
        """Returns the rows that add most to the hypervolume, one after the other."""
        measured = self.learned[:, : self.num_objectives].astype(np.float64)
        # Below the worst, since a front's ends would add no volume above it.
        reference = measured.min(0) - 0.1 * np.ptp(measured, 0)
        return largest_gains(self._kept, drawn, chances, reference, num)


def largest_gains(
    measured: np.ndarray,
    drawn: np.ndarray,
    chances: np.ndarray,
    reference: np.ndarray,
    num: int,
) -> np.ndarray:
    """Returns the rows that add most to a hypervolume, chosen one after the other.

    Args:
        measured: What is there, float64 [rows, objectives], higher is better.
        drawn: What the candidates may be, float64 [candidates, objectives].
        chances: Factor of what each adds, float64 [candidates].
        reference: Point above which volume counts, float64 [objectives].
        num: How many at most.

    Returns:
        Numbers of candidates, int [<=num], the largest gain first.
    """
    front = measured[fronts.is_optimal(measured)]
    chosen: list[int] = []
    for _ in range(min(num, len(drawn))):
        gains = chances * fronts.gains(front, drawn, reference)
        gains[chosen] = -np.inf
        chosen.append(int(np.argmax(gains)))
        front = np.vstack([front, drawn[chosen[-1]]])
        front = front[fronts.is_optimal(front)]
    return np.array(chosen, int)
