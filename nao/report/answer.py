"""The head of the page: what was searched, and the best architecture found."""

import base64

from nao.evaluators import precision
from nao.report import blocks, choices, next_steps, rounding, slots
from nao.report.drawing import MAX_WIDTH, draw_architecture, to_svg
from nao.report.markup import Element, element
from nao.runs import StoredRun, Trial, answers
from nao.system.showing import counted

_NARROW = "(max-width: 40rem)"  # windows in which cells are stacked
_STATUS = {
    "finished": "finished",
    "running": "still running",
    "stopped": "cut off",
}


def header(run: StoredRun) -> Element:
    """Says what was searched, by whom, when, and whether it is finished."""
    budget = run.config.get("num_trials", len(run.trials))
    facts = [
        f" {len(run.trials)} of {counted(budget, 'trial')}",
        *_cost(run),
        f"seed {run.config.get('seed')}",
        *_when(run),
    ]
    return element(
        "header",
        {},
        element(
            "p",
            {"class": "status"},
            element("b", {"class": run.status}, _STATUS[run.status]),
            " · ".join(facts),
        ),
        element("h1", {}, title(run)),
        *[element("p", {"class": "note"}, note) for note in run.notes],
    )


def title(run: StoredRun) -> str:
    """Names what was searched, on what and by whom."""
    strategy = str(run.config.get("strategy", "")).replace("_", " ")
    source = f" {run.record.source}" if run.record.source else ""
    return f"{run.space.name}{source}, searched by {strategy}"


def _cost(run: StoredRun) -> list[str]:
    """Says what the trials cost, where that is bounded or not their number."""
    cost = sum(trial.whole_cost for trial in run.trials)
    most = run.summary.get("max_cost")
    if most:
        return [f"cost of {cost:.4g} full evaluations, at most {most:.4g}"]
    return [] if cost == len(run.trials) else [f"cost of {cost:.4g} full evaluations"]


def _when(run: StoredRun) -> list[str]:
    """Says when a search began and how long it took, as far as that is known."""
    found = []
    if run.began is not None:
        found.append(f"{run.began.day} {run.began:%B %Y}")
    # A search that was killed and continued lacks the seconds of those processes.
    total = (run.summary.get("seconds") or {}).get("all_processes", 0.0)
    summed = sum(trial.evaluation.seconds for trial in run.trials)
    if total >= summed and total:
        found.append(blocks.duration(total))
    elif summed:
        found.append(f"{blocks.duration(summed)} of evaluations")
    return found


def _why_none(run: StoredRun) -> str:
    """Says why there is no best trial."""
    if not run.trials:
        return "Nothing is evaluated yet."
    is_partial = any(trial.value is not None for trial in run.trials)
    return f"No trial{' of the full budget' if is_partial else ''} succeeded."


def best_architecture(run: StoredRun) -> Element:
    """Shows the best architecture, its numbers and the commands that go on from it."""
    best = run.best
    if best is None:
        return blocks.section(
            "Best architecture", element("p", {}, _why_none(run)), _goes_on(run)
        )
    train = next_steps.train(run)
    is_table = slots.is_made_of_slots(run.space)
    where = "" if next_steps.trains_its_own(run) else ", here on handwritten digits"
    return blocks.section(
        "Best architecture",
        blocks.tiles(_numbers(run, best)),
        _tested(run),
        choices.table(run) if is_table else _picture(run, best),
        element("h3", {}, f"The {'choices' if is_table else 'cell'} as text"),
        blocks.copyable(run.space.format(best.tokens)),
        element("h3", {}, f"Train it from scratch{where}") if train else None,
        blocks.copyable(train),
        _goes_on(run),
    )


def _numbers(run: StoredRun, best: Trial) -> list[tuple[str, str]]:
    """Returns the best value, its tests and the best at random, each with its name."""
    at_random = answers.best_of(run.at_random, run.goals)
    is_same = at_random is not None and at_random.index == best.index
    several = _of_several(best)
    label = (
        f"{run.objective.label}, {f'{several} in ' * bool(several)}trial {best.index}"
    )
    if is_same:
        label += " of the random round"
    numbers = [
        _tile(run, run.objective.name, best.mean, label),
        *[
            _tile(run, name, value, f"final choice: {name.replace('_', ' ')}")
            for name, value in run.test.items()
        ],
    ]
    if at_random is not None and not is_same:
        name = f"best of {len(run.at_random)} at random"
        # One number that is the best of many is a lucky one beside a mean.
        several = _of_several(at_random) or "measured once" * bool(several)
        name += f", {several}" if several else ""
        numbers.append(_tile(run, run.objective.name, at_random.mean, name))
    return numbers


def _of_several(trial: Trial) -> str:
    """Says that a value is a mean or the last; nothing where it is a single one."""
    num, which = len(trial.values), "the last" if trial.drifts else "mean"
    return f"{which} of {num}" if num > 1 else ""


def _tested(run: StoredRun) -> Element | None:
    """Says what the test numbers of the final choice are; None without any."""
    how = run.summary.get("how_tested")
    if not run.test or not how:
        return None
    return element("p", {"class": "caption"}, f"Final choice: the best trial, {how}.")


def _tile(run: StoredRun, name: str, value: float, label: str) -> tuple[str, str]:
    """Returns a value, to the digits that its examples can tell, and its name."""
    num, example = rounding.num_examples(run, name), run.record.example or "example"
    text, _, examples = precision.in_full(value, num, example).partition(" of ")
    return text, f"{label}, of {examples}" if examples else label


def _picture(run: StoredRun, best: Trial) -> Element:
    """Draws the architecture, its cells one below the other in a narrow window."""
    (stacked, width), (beside, _) = (
        _drawing(run, best, each) for each in (True, False)
    )
    words = f"Drawing of trial {best.index}: {run.space.format(best.tokens)}"
    picture = element(
        "picture",
        {},
        element("source", {"media": _NARROW, "srcset": stacked}),
        element("img", {"class": "drawing", "src": beside, "alt": words}),
    )
    style = f"--natural:{width:.0f}px"
    return element("div", {"class": "scroll picture", "style": style}, picture)


def _goes_on(run: StoredRun) -> Element | None:
    """Gives the command that continues a search that was cut off; None otherwise."""
    command = next_steps.continuation(run)
    if run.status != "stopped" or command is None:
        return None
    text = element("h3", {}, "Continue the search")
    return element("div", {}, text, blocks.copyable(command))


def drawing_uri(run: StoredRun, trial: Trial) -> str:
    """Returns the drawing of a trial's architecture, cells stacked, as a data URI."""
    return _drawing(run, trial, is_stacked=True)[0]


def _drawing(run: StoredRun, trial: Trial, is_stacked: bool) -> tuple[str, float]:
    """Draws a trial's architecture.

    Args:
        run: The search.
        trial: One of its trials.
        is_stacked: Whether cells stand one below the other; otherwise side by side
            where they fit.

    Returns:
        The drawing as a data URI, and its width in pixels at its natural size.
    """
    figure = draw_architecture(run.space, trial.tokens, 0 if is_stacked else MAX_WIDTH)
    svg = base64.b64encode(to_svg(figure).encode()).decode()
    return f"data:image/svg+xml;base64,{svg}", 96 * figure.get_figwidth()
