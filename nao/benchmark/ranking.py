"""What a ranking by shared weights is worth: its numbers, as JSON and as a table."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nao.benchmark import comparison
from nao.benchmark.agreement import Agreement, agreement, num_best
from nao.evaluators import Evaluation, Objective
from nao.system import floats
from nao.system.showing import counted


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """What one set of shared weights says of the architectures.

    Attributes:
        name: Which weights they are, such as `seed 0`.
        evaluations: Of each architecture.
        seconds: Wall-clock seconds that scoring took, compilation included.
    """

    name: str
    evaluations: Sequence[Evaluation]
    seconds: float


@dataclasses.dataclass(frozen=True, eq=False)
class Ranking:
    """Architectures, their true values, and scores of them.

    Attributes:
        space: Name of their space.
        architectures: As text.
        num_parameters: float64 [num].
        objective: What the true values measure.
        truth: Where they come from, in words that follow `true values:`.
        true: Of each architecture.
        scored: What scores measure.
        weights: What the shared weights are, in words.
        scores: Of each set of weights.
    """

    space: str
    architectures: Sequence[str]
    num_parameters: np.ndarray
    objective: Objective
    truth: str
    true: Sequence[Evaluation]
    scored: Objective
    weights: str
    scores: Sequence[Scores]

    @functools.cached_property
    def true_values(self) -> np.ndarray:
        """True values, float64 [num], higher is better; NaN where there is none."""
        return self.objective.sign * _values(self.true)

    def signed(self, scores: Scores) -> np.ndarray:
        """Returns scores, float64 [num], higher is better; NaN where they failed."""
        return self.scored.sign * _values(scores.evaluations)

    @functools.cached_property
    def agreements(self) -> dict[str, Agreement | None]:
        """How each set of weights orders the architectures; None where it failed."""
        return {each.name: self._agreement(self.signed(each)) for each in self.scores}

    @functools.cached_property
    def of_parameters(self) -> Agreement:
        """How the number of parameters orders them, as if more were better."""
        return self._agreement(self.num_parameters)

    def _agreement(self, scores: np.ndarray) -> Agreement | None:
        known = np.isfinite(scores) & np.isfinite(self.true_values)
        if known.sum() < 2:
            return None
        return agreement(scores[known], self.true_values[known])

    def check(self) -> None:
        """Raises ValueError where there is nothing to compare."""
        check_true(self.true)
        if not any(self.agreements.values()):
            raise ValueError(
                f"No shared weights score 2 architectures: {self.scores[0].name}: "
                f"{_first_reason(self.scores[0].evaluations)}."
            )

    def spread(self, measure: str) -> tuple[float | None, float | None]:
        """Returns mean and deviation over the weights of which a measure is known."""
        found = [getattr(each, measure) for each in self.agreements.values() if each]
        values = np.array(found, np.float64)
        values = values[np.isfinite(values)]
        mean = floats.mean(values) if len(values) else None
        return mean, comparison.deviation(values)

    def to_json(self) -> dict[str, Any]:
        """Returns all numbers as JSON values, None where there is none."""
        spreads = {name: self.spread(name) for name in Agreement._fields}
        return {
            "space": self.space,
            "objective": dataclasses.asdict(self.objective),
            "true_values": self.truth,
            "scored": dataclasses.asdict(self.scored),
            "weights": self.weights,
            "shared": {
                name: {"mean": mean, "sd": deviation}
                for name, (mean, deviation) in spreads.items()
            },
            "num_parameters": _measures(self.of_parameters),
            "runs": [self._run(each) for each in self.scores],
            "architectures": self._rows(),
        }

    def _run(self, scores: Scores) -> dict[str, Any]:
        found = self.agreements[scores.name]
        return {
            "name": scores.name,
            "seconds": scores.seconds,
            "num_failed": _num_failed(scores.evaluations),
            "measures": None if found is None else _measures(found),
        }

    def _rows(self) -> list[dict[str, Any]]:
        """Returns the numbers of each architecture, values as measured."""
        return [
            {
                "architecture": text,
                "true": self.true[i].value,
                "num_parameters": float(self.num_parameters[i]),
                "scores": [each.evaluations[i].value for each in self.scores],
            }
            for i, text in enumerate(self.architectures)
        ]

    def to_markdown(self) -> str:
        """Returns what `ranking.md` says."""
        num = len(self.true) - _num_failed(self.true)
        head = ["", "shared weights", "number of parameters"]
        lines = [head, ["---"] * len(head)]
        for name, words in _words(num, self.objective.unit).items():
            mean, deviation = self.spread(name)
            beside = _number(getattr(self.of_parameters, name))
            # Of regrets the unit is anyone's, so their digits are.
            write = comparison.spread if name == "regret" else _plain
            digits = 1 if name == "rank" else 3
            cells = [write(mean, deviation, digits), write(beside, None, digits)]
            lines.append([words, *cells])
        table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
        notes = "".join(f"\n{note}\n" for note in self._notes())
        return f"{self._introduction()}\n\n{table}{notes}"

    def _introduction(self) -> str:
        num = counted(len(self.architectures), "architecture")
        seconds = max(each.seconds for each in self.scores)
        over = ": mean ± standard deviation" if len(self.scores) > 1 else ""
        return (
            f"{num} of {self.space}, drawn at random; true values: {self.truth}. "
            f"Scores: {self.scored.label} by {self.weights}{over}. To score all took "
            f"at most {seconds:.3g} s, compilation included."
        )

    def _notes(self) -> list[str]:
        """Returns what else there is to say: of order, of failures, of what ties."""
        notes = [self._comparison()]
        for what, some in (
            ("true value", self.true),
            *((f"score of {each.name}", each.evaluations) for each in self.scores),
        ):
            failed, values = _num_failed(some), _values(some)
            if failed:
                num = counted(failed, "architecture")
                has = "has" if failed == 1 else "have"
                notes.append(f"{num} {has} no {what}: {_first_reason(some)}.")
            if _is_constant(values):
                notes.append(_no_order(what, np.nanmax(values)))
        if _is_constant(self.num_parameters):
            notes.append(_no_order("number of parameters", self.num_parameters[0]))
        return list(filter(None, notes))

    def _comparison(self) -> str:
        """Says in how many runs scores order better than the number of parameters."""
        beside = self.of_parameters.kendall_tau
        taus = [each.kendall_tau for each in self.agreements.values() if each]
        known = [tau for tau in taus if np.isfinite(tau)]
        if not known or not np.isfinite(beside):
            return ""
        better = sum(tau > beside for tau in known)
        return (
            "By Kendall's tau-b, scores order the architectures better than the number "
            f"of parameters does in {better} of {counted(len(known), 'run')}."
        )


def check_true(true: Sequence[Evaluation]) -> None:
    """Raises ValueError where fewer than two architectures have a true value."""
    num = len(true) - _num_failed(true)
    if num < 2:
        raise ValueError(
            f"A ranking needs the true values of 2 architectures, got {num} of "
            f"{len(true)}: {_first_reason(true)}."
        )


def _words(num: int, unit: str) -> Mapping[str, str]:
    """Returns what a table calls each measure of so many architectures."""
    few = num_best(num)
    in_unit = f" ({unit})" if unit else ""
    return {
        "kendall_tau": "Kendall's tau-b",
        "spearman_rho": "Spearman's rho",
        "kendall_tau_best": "tau-b among the best 10 %",
        "precision": f"share of the top {few} that are among the best 10 %",
        "regret": f"regret of the first by score{in_unit}",
        "rank": f"true rank of the first by score, of {num}",
    }


def _values(evaluations: Sequence[Evaluation]) -> np.ndarray:
    found = [np.nan if each.value is None else each.value for each in evaluations]
    return np.array(found, np.float64)


def _num_failed(evaluations: Sequence[Evaluation]) -> int:
    return sum(each.value is None for each in evaluations)


def _first_reason(evaluations: Sequence[Evaluation]) -> str:
    return next((each.reason for each in evaluations if each.reason), "no reason given")


def _is_constant(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 1 and bool((known == known[0]).all())


def _no_order(what: str, value: float) -> str:
    return f"Every {what} is {value:g}: they order nothing, so tau and rho are none."


def _plain(mean: float | None, deviation: float | None, digits: int) -> str:
    """Writes a mean and its deviation with so many decimals, `-` for none."""
    if mean is None:
        return "-"
    spread = "" if deviation is None else f" ± {deviation:.{digits}f}"
    return f"{mean:.{digits}f}{spread}"


def _measures(found: Agreement) -> dict[str, float | None]:
    return {name: _number(value) for name, value in found._asdict().items()}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
