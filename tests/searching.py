"""A search small enough for a test: a toy space, settings, an evaluator that counts."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import nao
from nao import spaces, strategies
from nao.controller import ControllerConfig
from nao.evaluators import Evaluation, Objective

SPACE = spaces.custom({f"slot{i}": range(4) for i in range(5)})
# Encoders that read both ways take longer to compile; tests of controllers have them.
_CONTROLLER = ControllerConfig(
    bidirectional=False,
    embedding_size=8,
    hidden_size=8,
    predictor_sizes=(8,),
    num_epochs=2,
    min_steps=0,
    batch_size=16,
    num_unlabelled=4,
)
CONFIG = strategies.NAOConfig(
    num_seed_archs=6,
    round_size=4,
    top_k=3,
    num_random_starts=3,
    num_random_candidates=20,
    step_sizes=(0.0, 1.0),
    num_variants=2,
    controller=_CONTROLLER,
)
WS_CONFIG = strategies.NAOWSConfig(
    num_seed_archs=6,
    round_size=6,
    top_k=3,
    num_random_starts=3,
    num_random_candidates=20,
    step_sizes=(0.0, 1.0),
    controller=_CONTROLLER,
)


class Counting:
    """Sums choice indices, draws noise from the key, fails now and then, counts."""

    objective = Objective("sum")

    def __init__(self, interrupt_at=None, space=SPACE):
        self.space, self.interrupt_at = space, interrupt_at
        self.calls, self.tested = [], []

    def evaluate(self, tokens, keys):
        for row, key in zip(tokens, keys, strict=True):
            if len(self.calls) == self.interrupt_at:
                raise KeyboardInterrupt
            self.calls.append(row.tobytes())
            noise = float(np.asarray(jax.random.key_data(key)).sum() % 97) / 1000
            total = int(self.space.to_indices(row).sum())
            if total % 5 == 4:
                yield Evaluation(None, reason="a bad child")
            else:
                yield Evaluation(total + noise, {"total": float(total)}, 0.25)

    def test(self, tokens, key):
        self.tested.append(tokens.tobytes())
        return {"test_sum": float(self.space.to_indices(tokens).sum())}


class Learning(Counting):
    """Adds up what the strategy draws; values depend on that, slot by slot."""

    def init(self, key):
        shape = (self.space.length, len(self.space.vocabulary))
        return {
            "weights": np.zeros(shape, np.float32),
            "key": np.asarray(jax.random.key_data(key)),
        }

    def learn(self, state, draw):
        yield learn_from(state, draw)

    def test(self, tokens, key, state):
        return super().test(tokens, key)

    def evaluate(self, tokens, keys, state):
        for row, outcome in zip(tokens, super().evaluate(tokens, keys), strict=True):
            if outcome.value is not None:
                weights = state["weights"][np.arange(self.space.length), row]
                outcome = Evaluation(outcome.value + float(weights.sum()))
            yield outcome


@functools.partial(jax.jit, static_argnames="num")
def learn_from(state, draw, num=20):
    """Counts the choices of `num` drawn architectures, in one compiled step."""

    key, drawn_key = jax.random.split(jax.random.wrap_key_data(state["key"]))
    rows = jax.vmap(draw, (None, 0))(drawn_key, jnp.arange(num))
    slots = jnp.arange(rows.shape[1])
    weights = state["weights"].at[slots, rows].add(1.0)
    return {"weights": weights, "key": jax.random.key_data(key)}


def search(
    workdir, num_trials=16, evaluator=None, strategy=None, report=False, **fields
):
    return nao.search(
        strategy or strategies.NAO(SPACE, CONFIG),
        evaluator or Counting(),
        num_trials=num_trials,
        workdir=workdir,
        progress=False,
        report=report,
        **fields,
    )
