"""The work behind a ranking by shared weights: lessons, scores, trainings alone.

What is done is kept in files, the scores of each set of weights in one, all trainings
in another, so that an interrupted ranking goes on where it was.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence

import jax
import numpy as np

from nao.benchmark.ranking import Scores
from nao.evaluators import Evaluation, Evaluator, SharedEvaluator
from nao.files import Shape
from nao.runs import RunDirectory
from nao.runs.lessons import Lessons
from nao.search.rounds import Proposer
from nao.strategies import Strategy
from nao.strategies.draws import Draw
from nao.types import PyTree

Check = Callable[[], None]  # called where stopping is safe; raises to stop


class _Kept(Shape):
    """Evaluations in a file: values, or reasons why there is none; and what it took."""

    values: list[float | None]
    reasons: list[str]
    seconds: float = 0.0


def begin(strategy: Strategy, seed: int) -> tuple[Draw, jax.Array]:
    """Returns what the weights learn on in a search's first round, and their key."""
    proposer = Proposer(strategy, seed)
    progress = proposer.start()
    draw = strategy.draw(progress.state, proposer.ask(progress).tokens)
    return draw, proposer.evaluator_key


def learn(
    evaluator: SharedEvaluator,
    strategy: Strategy,
    seed: int,
    lessons: Lessons,
    check: Check,
) -> PyTree:
    """Returns the weights after all their epochs, as a search with the seed begins.

    They learn on what the strategy draws before it was told anything, for its first
    round.

    Args:
        evaluator: Whose weights they are.
        strategy: Who draws.
        seed: Seed of the weights and of the draws.
        lessons: Keeps a state now and then, which an interrupted lesson goes on from.
        check: Called after each epoch.
    """
    draw, key = begin(strategy, seed)
    state = lessons.restore(seed)
    state = evaluator.init(key) if state is None else state
    # A lesson may be as short as the epochs before a round of a search.
    while math.isfinite(float(state["loss"])):
        before = state
        for state in evaluator.learn(before, draw):
            lessons.save(seed, state)
            check()
        if state is before:
            break
    return state


def score(
    run: RunDirectory,
    name: str,
    evaluator: SharedEvaluator,
    tokens: np.ndarray,
    learn_fn: Callable[[], PyTree],
) -> Scores:
    """Returns what weights say of architectures; not done again where it is there.

    Args:
        run: Folder that keeps it.
        name: Which weights they are.
        evaluator: Scores by them.
        tokens: int32 [num, length].
        learn_fn: Returns the weights.
    """
    file = f"scores/{name.replace(' ', '-')}.json"
    kept = run.read_json(file, _Kept)
    if kept is None:
        state, start = learn_fn(), time.perf_counter()
        keys = jax.random.split(jax.random.key(0), len(tokens))  # which scores ignore
        found = list(evaluator.evaluate(tokens, keys, state))
        kept = _to_json(found) | {"seconds": time.perf_counter() - start}
        (run.path / file).parent.mkdir(exist_ok=True)
        run.write_json(file, kept)
    return Scores(name, _evaluations(kept), kept["seconds"])


def train(
    run: RunDirectory,
    make_fn: Callable[[], Evaluator],
    tokens: np.ndarray,
    keys: jax.Array,
) -> Iterator[list[Evaluation]]:
    """Yields the evaluations so far, first those that are there, up to all of them.

    Args:
        run: Folder that keeps them.
        make_fn: Returns who measures; not called where nothing is missing.
        tokens: int32 [num, length].
        keys: JAX keys [num].
    """
    file = "trained.json"
    kept = run.read_json(file, _Kept)
    found = [] if kept is None else _evaluations(kept)
    yield found
    if len(found) == len(tokens):
        return
    left = slice(len(found), None)
    for evaluation in make_fn().evaluate(tokens[left], keys[left]):
        found = [*found, evaluation]
        run.write_json(file, _to_json(found))
        yield found


def _to_json(found: Sequence[Evaluation]) -> dict[str, list]:
    return {
        "values": [each.value for each in found],
        "reasons": [each.reason for each in found],
    }


def _evaluations(kept: dict) -> list[Evaluation]:
    pairs = zip(kept["values"], kept["reasons"], strict=True)
    return [Evaluation(value, reason=reason) for value, reason in pairs]
