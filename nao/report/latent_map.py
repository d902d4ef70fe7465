"""The map of the latent space: trials where the encoder puts them, and ascents."""

import dataclasses

import numpy as np

from nao.embedding import Embedding
from nao.embedding.objectives import Prediction
from nao.evaluators import Objective
from nao.report import arrows, chart, figures
from nao.report.chart import Chart
from nao.report.markup import Element
from nao.runs import StoredRun, answers, ledger

_NUM_STARTS = 24  # trials that are ascended from
_MOST_ARROWS = 8  # of these ascents
_STEPS, _STEP_SIZE = 10, 0.5  # of an ascent; points have length 1
_HEIGHT = 320


@dataclasses.dataclass(frozen=True, eq=False)
class LatentMap:
    """The trials of a search in the latent space of its last controller.

    Attributes:
        trials: Those that succeeded and are shown.
        places: Their places on the map, float64 [num, 2].
        predicted: What the controller predicts for them, [num].
        explained: Share of the embeddings' variance along each axis, float64 [2].
        starts: Trials that the ascents shown start from.
        origins: Their places on the map, float64 [num_starts, 2].
        found: The best new architecture along each ascent, int32 [num_starts, length].
        ends: Their places on the map, float64 [num_starts, 2].
        promised: What the controller predicts for those, [num_starts].
    """

    trials: list[ledger.Trial]
    places: np.ndarray
    predicted: Prediction
    explained: np.ndarray
    starts: list[ledger.Trial]
    origins: np.ndarray
    found: np.ndarray
    ends: np.ndarray
    promised: Prediction


def explore(run: StoredRun) -> LatentMap:
    """Maps the trials of a search by its last controller, and ascends from some.

    Ascents start from trials spread evenly from the best to the worst. All climb
    towards the few places where the predictor is highest, on points that are no
    architecture's, and their paths end in a knot. So what is kept of an ascent is what
    comes of it, the best new architecture, and of all ascents a few that can be told
    apart.

    Raises:
        ValueError: If there is no controller.
    """
    embedding = Embedding.from_workdir(run.path, run.space)
    trials = answers.measured(figures.shown(run))
    tokens = np.array([trial.tokens for trial in trials], np.int32)
    flat = embedding.map(tokens)
    starts = _starts(trials, run.objective)
    best = embedding.ascend(tokens[starts], _STEPS, _STEP_SIZE).best()
    ends = flat.project(embedding.encode(best))
    drawn = _frame(np.concatenate([flat.coordinates, ends]))
    sides = (drawn.places(side) for side in (flat.coordinates[starts], ends))
    kept = arrows.readable(*sides, _MOST_ARROWS)
    return LatentMap(
        trials=trials,
        places=flat.coordinates,
        predicted=embedding.predict(tokens),
        explained=flat.explained,
        starts=[trials[i] for i in starts[kept]],
        origins=flat.coordinates[starts[kept]],
        found=best.tokens[kept],
        ends=ends[kept],
        promised=Prediction(*(part[kept] for part in embedding.predict(best))),
    )


def _starts(trials: list[ledger.Trial], objective: Objective) -> np.ndarray:
    """Returns the numbers of trials spread evenly from the best to the worst.

    A third of them comes first, then the others, each from both ends to the middle:
    what comes first is drawn first.
    """
    order = np.argsort(-ledger.objectives(trials, objective), kind="stable")
    spread = np.linspace(0, len(order) - 1, min(_NUM_STARTS, len(order)))
    evenly = order[spread.round().astype(int)]
    thirds = [evenly[first::3] for first in range(3)]
    inwards = [np.stack([t, t[::-1]], 1).ravel()[: len(t)] for t in thirds]
    return np.concatenate(inwards)


def _frame(places: np.ndarray) -> Chart:
    """Returns an empty map around all places [num, 2]."""
    x, y = (chart.extent(values, 0.04) for values in places.T)
    return Chart("Map of the embeddings, with ascents", x, y, height=_HEIGHT)


def draw(latent: LatentMap, run: StoredRun) -> Element:
    """Draws trials as dots, coloured from worst to best, and ascents as arrows."""
    drawn = _frame(np.concatenate([latent.places, latent.ends]))
    signed = ledger.objectives(latent.trials, run.objective)
    # Not the highest: that one may break a bound.
    numbers = [trial.index for trial in latent.trials]
    best = numbers.index(run.best.index)
    sides = zip(latent.origins, latent.ends, strict=True)
    for number, (start, end) in enumerate(sides):
        drawn.pointer(start, end, "path", key_of(number))
        drawn.ring(*end, "path found", key_of(number))
    rank = np.argsort(np.argsort(signed, kind="stable"))
    shade = rank / max(len(rank) - 1, 1)
    for trial, place, share in zip(latent.trials, latent.places, shade, strict=True):
        drawn.dot(*place, "shaded", trial.index, share)
    drawn.star(*latent.places[best], "best star", latent.trials[best].index)
    keys = [
        ("star", "best trial"),
        ("shaded late", "good"),
        ("shaded early", "bad"),
    ]
    if latent.starts:
        keys += [("path", "ascent"), ("path found", "found by it")]
    return chart.figure(drawn, _caption(latent, run), *keys)


def _caption(latent: LatentMap, run: StoredRun) -> str:
    trials = (
        "Every trial where the encoder of the last round puts it: the two main axes of "
        f"the embeddings, which hold {latent.explained.sum():.0%} of their variance."
    )
    if not latent.starts:
        return (
            f"{trials} No ascent of the predictor leads to a place far from its start."
        )
    said = (
        f"{trials} Arrows lead from a trial to the best new architecture that {_STEPS} "
        "steps along the predictor's gradient find: a few of those from good, middling "
        "and bad trials, chosen so that none cross."
    )
    if run.goals.is_plain:
        return said
    return f"{said} All by {run.objective.label} alone, whatever the bounds."


def key_of(number: int) -> str:
    """Returns the `data-trial` attribute of an ascent's marks: no trial's number."""
    return f"path-{number}"
