"""Which architecture is the best, where some were measured more than once.

The largest of many noisy numbers is partly luck, the winner's curse, so a mean of two
says more than one number:

- Where finalists were measured again (`search.finalists`), they alone compete: all
  others were worse at first, and were not looked at again. Simulated with the noise of
  digits and of cluttered digits, no choice among all is better, even with the true
  variances known. Once a search goes on and finds what is better at first sight, all
  compete, until its own finalists are measured.
- Several measurements of one architecture, as a search without `deduplicate` may have,
  are one architecture with a mean.
- Means of equally many are compared as they are. Of differently many each is drawn to
  the mean of all architectures, the more the fewer there are: `mean + b^2 / (b^2 + w^2
  / n) (own - mean)`, the expected true value, `b` and `w` the standard deviations
  between architectures and of noise (`evaluators.repeats`). With none repeated, that
  orders architectures by their values.
- Of an objective that drifts, the last measurement alone counts.
"""

import dataclasses

import numpy as np

from nao.evaluators import repeats
from nao.evaluators.repeats import Components
from nao.runs.trial import Trial
from nao.system import floats


def best_first(trials: list[Trial], sign: int) -> list[Trial]:
    """Returns a trial for each architecture that competes, the best first.

    The first of each architecture, with all that was measured of it since; of several
    that tie the first evaluated comes first.

    Args:
        trials: Successful trials of the full budget.
        sign: 1 where higher values are better, -1 where lower ones are.
    """
    found = together(_competing(trials, sign))
    nums = {len(trial.values) for trial in found}
    scores = _scores(found, sign, noise(trials) if len(nums) > 1 else None)
    return [found[row] for row in np.argsort(-scores, kind="stable")]


def noise(trials: list[Trial]) -> Components | None:
    """Returns how much of a value is the architecture; None where nothing repeats.

    Args:
        trials: Successful trials of the full budget.
    """
    if any(trial.drifts for trial in trials):  # they differ by what was learned
        return None
    values = [trial.values for trial in together(trials)]
    again = [(first, others) for first, *others in values if others]
    if len(values) < 2 or not again:
        return None
    # Squares of the largest numbers overflow.
    scale = floats.unit(np.concatenate(values))
    found = repeats.components_after_choice(
        np.array([first for first, *_ in values]) / scale,
        [(first / scale, np.array(others) / scale) for first, others in again],
    )
    return Components(*(scale * number for number in found))


def together(trials: list[Trial]) -> list[Trial]:
    """Returns the first trial of each architecture, the others among its repeats.

    What was measured of it as a finalist comes last. Of those that drift, the last
    trial, without the others.
    """
    groups: dict[bytes, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(_key(trial), []).append(trial)
    return [
        _as_one(*group) if len(group) > 1 else group[0] for group in groups.values()
    ]


def _as_one(first: Trial, *others: Trial) -> Trial:
    if first.drifts:
        return others[-1]
    repeats = [other.evaluation for other in others]
    for trial in (first, *others):
        repeats.extend(trial.repeats)
    return dataclasses.replace(first, repeats=tuple(repeats))


def _competing(trials: list[Trial], sign: int) -> list[Trial]:
    """Returns the trials of the finalists; all where no finalist succeeded again."""
    again = {_key(trial) for trial in trials if trial.repeats}
    left = [trial for trial in trials if not trial.has_failed_again]
    finalists = {_key(trial) for trial in left if trial.repeats}
    if not finalists:
        return trials
    best = max(trials, key=lambda trial: sign * trial.value)
    if _key(best) not in again:  # The search went on since.
        return left
    return [trial for trial in left if _key(trial) in finalists]


def _key(trial: Trial) -> bytes:
    return trial.tokens.tobytes()  # of one dtype and order, in all of a run


def _scores(trials: list[Trial], sign: int, noise: Components | None) -> np.ndarray:
    """Returns by what architectures are ordered, float64 [num], higher is better.

    Args:
        trials: One for each architecture.
        sign: 1 where higher values are better, -1 where lower ones are.
        noise: What values are made of; None where all were measured equally often.
    """
    means = np.array([sign * trial.mean for trial in trials], np.float64)
    if noise is None or not noise.within:
        return means
    nums = np.array([len(trial.values) for trial in trials])
    # Divided by what is the same for all, so that it holds for b = 0, too.
    between, within = np.divide(noise[1:], noise.within)
    return (means - sign * noise.mean) * nums / (nums * between**2 + within**2)
