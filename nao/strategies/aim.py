"""What a round of NAO aims at where a search has several objectives, or bounds.

Every column, objective or only bounded, has a head of the predictor. Ascents climb
along random trade-offs of the objectives, and back to where the bounds are kept; of
what they decode to, a round takes what adds most to the hypervolume of the front, by
one draw of what each may be (Thompson sampling), times the probability that it keeps
the bounds.
"""

import dataclasses
import functools

import numpy as np
from scipy import special

from nao.controller import Goal, fronts, targets
from nao.strategies import sorting
from nao.strategies.base import ColumnGoals

MAX_CANDIDATES = 300  # architectures of a round whose hypervolume gain is computed
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

    def best(self, num: int) -> np.ndarray:
        """Returns the rows of the pool's best, int [<=num], best first."""
        fitness = sorting.fitness(self.values, self.goals)
        return np.argsort(-fitness, kind="stable")[:num]

    def ascent(self, rng: np.random.Generator, num: int) -> Goal:
        """Returns what each of `num` ascents shall do: a random trade-off each."""
        weights = np.zeros((num, len(self.scales)), np.float32)
        weights[:, : self.num_objectives] = rng.dirichlet(
            np.ones(self.num_objectives), num
        )
        least, most = (bound.astype(np.float32) for bound in self.bounds)
        return Goal(weights, least, most)

    def order(
        self,
        rng: np.random.Generator,
        tokens: np.ndarray,
        predicted: np.ndarray,
        errors: np.ndarray,
        num: int,
    ) -> np.ndarray:
        """Returns which candidates a round takes, best first, int [<=num].

        Args:
            rng: Draws what each candidate may be.
            tokens: The candidates, int32 [rows, length].
            predicted: Every member's targets for them, [ensemble, rows, columns].
            errors: Root mean square error of each column's targets, float64 [columns].
            num: Size of the round.
        """
        mean = predicted.mean(0, dtype=np.float64)
        std = np.hypot(predicted.std(0, dtype=np.float64), errors)
        drawn = mean + std * rng.normal(size=std.shape)
        # What is known takes long to count, so only the most promising are looked up.
        rows = self._promising(drawn, num)
        tokens, mean, std, drawn = tokens[rows], mean[rows], std[rows], drawn[rows]
        for i, column in self.goals.known(tokens).items():
            mean[:, i] = drawn[:, i] = self.scales[i].to_targets(column)
            std[:, i] = _CERTAIN
        chances = self._chances(mean, std)
        if self.num_objectives == 1:
            gains = self._improvement(mean[:, 0], std[:, 0])
            chosen = np.argsort(-gains * chances, kind="stable")[:num]
        else:
            chosen = self._largest_gains(drawn[:, : self.num_objectives], chances, num)
        is_known = np.isfinite(mean[chosen]).all(-1)  # a cost may be NaN
        is_possible = is_known & self.goals.may_keep(tokens[chosen])
        return rows[chosen[is_possible]]

    def _promising(self, drawn: np.ndarray, num: int) -> np.ndarray:
        """Returns the rows of the first fronts, within the bounds first."""
        least, most = self.bounds
        beyond = np.maximum(drawn - most, 0) + np.maximum(least - drawn, 0)
        is_kept = beyond.sum(-1) == 0
        kept = np.flatnonzero(is_kept)
        order = sorting.front_order(drawn[kept, : self.num_objectives], MAX_CANDIDATES)
        rest = np.flatnonzero(~is_kept)
        rest = rest[np.argsort(beyond[rest].sum(-1), kind="stable")]
        return np.concatenate([kept[order], rest])[:MAX_CANDIDATES]

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
        """Returns the expected improvement on the best within the bounds (Mockus)."""
        kept = self._kept[:, 0]
        best = kept.max() if len(kept) else self.learned.min()
        z = (mean - best) / np.maximum(std, _CERTAIN)
        return std * (z * special.ndtr(z) + np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))

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
    predicted: np.ndarray,
    chances: np.ndarray,
    reference: np.ndarray,
    num: int,
) -> np.ndarray:
    """Returns the rows that add most to a hypervolume, chosen one after the other.

    Args:
        measured: What is there, float64 [rows, objectives], higher is better.
        predicted: The candidates, float64 [candidates, objectives].
        chances: Factor of what each adds, float64 [candidates].
        reference: Point above which volume counts, float64 [objectives].
        num: How many at most.

    Returns:
        Rows of `predicted`, int [<=num], the largest gain first.
    """
    front = measured[fronts.is_optimal(measured)]
    chosen: list[int] = []
    for _ in range(min(num, len(predicted))):
        gains = chances * _gains(front, predicted, reference)
        gains[chosen] = -np.inf
        chosen.append(int(np.argmax(gains)))
        front = np.vstack([front, predicted[chosen[-1]]])
        front = front[fronts.is_optimal(front)]
    return np.array(chosen, int)


def _gains(front: np.ndarray, rows: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Returns the hypervolume that each row adds to a front, float64 [rows]."""
    before = fronts.hypervolume(front, reference)
    gains = np.zeros(len(rows))
    # What the front dominates adds nothing, and that is most.
    is_inside = (front[:, None] >= rows).all(-1).any(0)
    for i in np.flatnonzero(~is_inside):
        gains[i] = fronts.hypervolume(np.vstack([front, rows[i]]), reference) - before
    return gains
