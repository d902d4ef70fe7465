"""The map of the latent space: trials where the encoder puts them, and ascents."""

import dataclasses

import numpy as np

from nao.embedding import Embedding
from nao.embedding.objectives import Prediction
from nao.report import chart, figures, paths
from nao.report.chart import Chart
from nao.report.markup import Element
from nao.runs import StoredRun, ledger

_NUM_PATHS = 8  # ascents shown
_STEPS, _STEP_SIZE = 10, 0.5  # of an ascent; points have length 1
_HEIGHT = 320
_REACH = 48.0  # in which the last steps of an ascent are one place, chart units
_APART = 12.0  # between the ends of ascents


@dataclasses.dataclass(frozen=True, eq=False)
class LatentMap:
    """The trials of a search in the latent space of its last controller.

    Attributes:
        trials: Those that succeeded and are shown.
        places: Their places on the map, float64 [num, 2].
        predicted: What the controller predicts for them, [num].
        starts: Trials that ascents start from.
        paths: Points of each ascent on the map, its start first, float64 [num_starts,
            steps + 1, 2].
        found: The best new architecture along each path, int32 [num_starts, length].
        promised: What the controller predicts for those, [num_starts].
        explained: Share of the embeddings' variance along each axis, float64 [2].
    """

    trials: list[ledger.Trial]
    places: np.ndarray
    predicted: Prediction
    starts: list[ledger.Trial]
    paths: np.ndarray
    found: np.ndarray
    promised: Prediction
    explained: np.ndarray


def explore(run: StoredRun) -> LatentMap:
    """Maps the trials of a search by its last controller, and ascends from a few.

    Ascents start from trials spread evenly from the worst to the best.

    Raises:
        ValueError: If there is no controller.
    """
    embedding = Embedding.from_workdir(run.path, run.space)
    trials = [trial for trial in figures.shown(run) if trial.value is not None]
    order = np.argsort(ledger.objectives(trials, run.objective), kind="stable")
    spread = np.linspace(0, len(order) - 1, min(_NUM_PATHS, len(order)))
    starts = [trials[i] for i in order[spread.round().astype(int)]]
    tokens, start_tokens = (
        np.array([t.tokens for t in some], np.int32) for some in (trials, starts)
    )
    flat = embedding.map(tokens)
    ascents = embedding.ascend(start_tokens, _STEPS, _STEP_SIZE)
    best = ascents.best()
    return LatentMap(
        trials=trials,
        places=flat.coordinates,
        predicted=embedding.predict(tokens),
        starts=starts,
        paths=flat.project(embedding.pool(ascents.points)).swapaxes(0, 1),
        found=best.tokens,
        promised=embedding.predict(best),
        explained=flat.explained,
    )


def draw(latent: LatentMap, run: StoredRun) -> Element:
    """Draws trials as dots, coloured from worst to best, and ascents as arrows."""
    everywhere = np.concatenate([latent.places, latent.paths.reshape(-1, 2)])
    x, y = (chart.extent(values, 0.04) for values in everywhere.T)
    drawn = Chart("Map of the embeddings, with ascents", x, y, height=_HEIGHT)
    signed = ledger.objectives(latent.trials, run.objective)
    best = int(np.argmax(signed))
    routes = _routes(drawn, latent, latent.places[best])
    for number, route in enumerate(routes):
        drawn.route(route, "path", key_of(number))
    rank = np.argsort(np.argsort(signed, kind="stable"))
    shade = rank / max(len(rank) - 1, 1)
    for trial, place, share in zip(latent.trials, latent.places, shade, strict=True):
        drawn.dot(*place, "shaded", trial.index, share)
    for number, route in enumerate(routes):
        drawn.head(route, "path end", key_of(number))
    drawn.star(*latent.places[best], "best star", latent.trials[best].index)
    keys = (
        ("star", "best trial"),
        ("shaded late", "good"),
        ("shaded early", "bad"),
        ("path", "ascent"),
    )
    return chart.figure(drawn, _caption(latent), *keys)


def _routes(drawn: Chart, latent: LatentMap, best: np.ndarray) -> list[np.ndarray]:
    """Returns the ascents as they are drawn, [num, 2] each, in the chart's unit.

    Ascents gather where the predictor is highest and go to and fro there: their last
    steps are drawn as one, and their ends beside each other, clear of the best trial.
    """
    settled = [paths.settled(drawn.places(path), _REACH) for path in latent.paths]
    return paths.apart(settled, drawn.places(best[None]), _APART)


def _caption(latent: LatentMap) -> str:
    return (
        "Every trial where the encoder of the last round puts it: the two main axes of "
        f"the embeddings, which hold {latent.explained.sum():.0%} of their variance. "
        f"Arrows follow {len(latent.starts)} ascents of {_STEPS} steps along the "
        "predictor's gradient, from trials spread from the worst to the best. Steps to "
        "and fro at their end are drawn as one, ends that coincide side by side. What "
        "moves along other axes, the map can't show."
    )


def key_of(number: int) -> str:
    """Returns the `data-trial` attribute of an ascent's marks: no trial's number."""
    return f"path-{number}"
