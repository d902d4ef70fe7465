"""The best few, measured again: what each measured, and how much of that is noise."""

import numpy as np

from nao.evaluators.repeats import Components
from nao.report import blocks, rounding
from nao.report.markup import Element, element
from nao.runs import StoredRun, Trial, answers

_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def table(run: StoredRun) -> Element | None:
    """Lists the finalists, the best first; None where nothing was measured again."""
    found = run.finalists
    if not found:
        return None
    counts = "last" if run.objective.drifts else "mean"
    head = ("trial", "first", "second", counts, "", "architecture")
    return blocks.section(
        f"The best {_in_words(len(found))}, measured again",
        *_sentences(run, [trial for trial in found if not trial.has_failed_again]),
        blocks.table(head, _rows(run, found), right=(0, 1, 2, 3)),
    )


def _in_words(num: int) -> str:
    return _WORDS[num - 2] if 2 <= num <= len(_WORDS) + 1 else str(num)


def _rows(run: StoredRun, found: list[Trial]) -> list[tuple]:
    rows, places = [], _places(run)
    for trial in found:
        # Of an architecture that the search itself measured several times, all.
        first, *others = (rounding.to_places(v, places) for v in trial.values)
        second = "failed" if trial.has_failed_again else ", ".join(others)
        mean = "" if trial.has_failed_again else rounding.to_places(trial.mean, places)
        is_best = run.best is not None and trial.index == run.best.index
        text = element("code", {}, run.space.format(trial.tokens))
        mark = element("b", {}, "chosen") if is_best else ""
        rows.append((trial.index, first, second, mean, mark, text))
    return rows


def _places(run: StoredRun) -> int | None:
    """Returns with how many decimals values and means stand in the table."""
    means = [trial.mean for trial in run.finalists]
    values = [value for trial in run.finalists for value in trial.values]
    num = rounding.num_examples(run, run.objective.name)
    told = rounding.decimals(values, num)
    # A digit more than elsewhere: here they are compared, and means lie between them.
    return rounding.aligned([*values, *means], 6) if told is None else told + 1


def _sentences(run: StoredRun, done: list[Trial]) -> list[Element]:
    """Says how far the first numbers fell, and how much of a value is noise."""
    if not done:
        text = "None could be measured again, so the best is that of the first values."
        return [element("p", {}, text)]
    how = "with other randomness, and the best mean is the answer."
    if run.objective.drifts:
        how = "by what was learned in the end, and the best of that is the answer."
    texts = [
        f"When all trials were done, the best were measured once more, {how}",
        _fall(run, done),
    ]
    noise = answers.noise(run.trials, run.goals)
    if noise is not None:
        texts.append(_of_noise(run, noise))
    return [element("p", {}, " ".join(texts))]


def _fall(run: StoredRun, done: list[Trial]) -> str:
    """Compares the second measurements with the first ones, which were chosen by."""
    first = float(np.mean([trial.values[0] for trial in done]))
    second = float(np.mean([trial.values[-1] for trial in done]))
    if first == second:
        return "They measured the same again."
    how = "above" if second > first else "below"
    is_worse = run.objective.sign * (second - first) < 0
    is_luck = is_worse and not run.objective.drifts
    why = ": a number that is the best of many is partly luck" if is_luck else ""
    places = _places(run)
    before, after = (rounding.to_places(mean, places) for mean in (first, second))
    return (
        f"On average the second {run.objective.label} was {abs(second - first):.2g} "
        f"{how} the first, {after} after {before}{why}."
    )


def _of_noise(run: StoredRun, noise: Components) -> str:
    """Says how much of one value is the architecture."""
    if not noise.within:
        return "There is no noise: each gave the same number twice."
    return (
        f"Of the variance of one {run.objective.label}, {100 * noise.reliability:.0f} "
        f"% is the architecture (standard deviation {noise.between:.2g}), the rest is "
        f"noise ({noise.within:.2g})."
    )
