"""Neural Architecture Optimization (Luo et al., 2018, arXiv:1808.07233, algorithm 1).

A round fits the controller to everything evaluated so far, moves the embeddings of
good architectures up the gradient of the predicted objective, decodes where they end
up, and proposes what is new.

What the released recipe lacks was measured on NAS-Bench-201: its one greedy decoding
per starting point reaches few new cells, so the generator limits the search rather than
the predictor. The default therefore starts from random architectures too, decodes by
sampling, ascends again from what it decoded, and proposes the candidates that the
ensemble ranks highest. `PAPER` is the released recipe.
"""

import dataclasses

import jax
import numpy as np

from nao.controller import PRESETS, Controller, ControllerConfig, targets
from nao.spaces import Space
from nao.strategies import base
from nao.strategies.unseen import Unseen
from nao.types import Array, option, part

_NUM_UNLABELLED = 2048  # random architectures per fit, for the reconstruction loss


@dataclasses.dataclass(frozen=True)
class NAOConfig:
    """Settings of NAO."""

    num_seed_archs: int = option(24, "Architectures of the first, random round.")
    round_size: int = option(12, "Architectures of every later round.")
    top_k: int = option(32, "Best architectures that ascents start from.")
    num_random_starts: int = option(96, "Random architectures they start from too.")
    step_sizes: tuple[float, ...] = option(
        (0.0, 0.1, 0.25, 0.5, 1.0, 2.5), "Lengths of an ascent step, eta in the paper."
    )
    temperature: float = option(1.0, "Of decoding: 0 is greedy, 1 samples.")
    num_ascents: int = option(6, "Ascents, each from the best that the last decoded.")
    num_kept: int = option(128, "Candidates that the next ascent starts from.")
    rank_candidates: bool = option(
        True, "Propose the highest ranked candidates; otherwise the first decoded."
    )
    exploration: float = option(
        0.5, "Weight of the ensemble's standard deviation in a candidate's rank."
    )
    num_variants: int = option(
        8, "Equivalent sequences of each architecture to fit on."
    )
    controller: ControllerConfig = part(ControllerConfig)

    def __post_init__(self):
        for name in (
            "num_seed_archs",
            "round_size",
            "top_k",
            "num_ascents",
            "num_kept",
            "num_variants",
        ):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"nao.{name} must be at least 1, got {getattr(self, name)}."
                )
        for name in ("num_random_starts", "temperature", "exploration"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"nao.{name} must not be negative, got {getattr(self, name)}."
                )
        if not self.step_sizes or min(self.step_sizes) < 0:
            raise ValueError(
                "nao.step_sizes must be one or more numbers of at least 0, "
                f"got {self.step_sizes}."
            )


# NAO as released in NAO_pytorch, version 1. Departures: those of the controller's
# preset; all step sizes are tried in one batch and their results taken in the order
# of the step size, where the released loop stops at the size that fills the round.
PAPER = NAOConfig(
    num_seed_archs=600,
    round_size=300,
    top_k=100,
    num_random_starts=0,
    step_sizes=tuple(float(eta) for eta in range(1, 51)),
    temperature=0.0,
    num_ascents=1,
    rank_candidates=False,
    exploration=0.0,
    num_variants=8,
    controller=PRESETS["paper"],
)


@dataclasses.dataclass(frozen=True)
class NAO:
    """Gradient ascent in the latent space of an encoder-predictor-decoder."""

    space: Space
    config: NAOConfig = dataclasses.field(default_factory=NAOConfig)
    deduplicate: str = "canonical"

    @property
    def controller(self) -> Controller:
        """The controller whose parameters the state's model holds."""
        return Controller(self.space.grammar, self.config.controller)

    def init(self, key: Array) -> base.State:
        """Returns an empty pool."""
        del key
        return base.State(base.empty_pool(self.space))

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Proposes a round: at random until there is a pool to fit, then by ascent."""
        host_key, fit_key, ascent_key = jax.random.split(key, 3)
        rng = base.numpy_rng(host_key)
        told = state.pool.tokens
        pool = state.pool.succeeded()
        num_missing = self.config.num_seed_archs - len(told)
        is_random = num_missing > 0 or len(pool.tokens) < 2
        num = num_missing if num_missing > 0 else self.config.round_size
        at_random = Unseen(self.space, self.deduplicate, told).draw(rng, num)
        if is_random or not len(at_random):
            return at_random, state._replace(predicted=None, model=None)

        params = self._fit(fit_key, rng, pool)
        candidates = self._candidates(ascent_key, rng, params, pool)
        if self.config.rank_candidates:
            score = self._score(params, candidates)
            candidates = candidates[np.argsort(-score, kind="stable")]
        unseen = Unseen(self.space, self.deduplicate, told)
        proposed = unseen.take(candidates, num)
        predicted = self.controller.predict(params, proposed).mean(0)
        # Where ascent found too little, the round is filled at random.
        filling = unseen.take(at_random, num - len(proposed))
        predicted = np.append(predicted, np.full(len(filling), np.nan))
        tokens = np.concatenate([proposed, filling])
        return tokens, state._replace(predicted=predicted, model={"params": params})

    def tell(
        self, state: base.State, tokens: np.ndarray, objective: np.ndarray
    ) -> base.State:
        """Adds the results to the pool."""
        return state._replace(pool=state.pool.extend(tokens, objective))

    def reconstruct(self, state: base.State, tokens: np.ndarray) -> np.ndarray:
        """Encodes and decodes by the fitted controller, int32 [ensemble, num, length].

        Raises:
            ValueError: If the state holds no fitted controller.
        """
        if state.model is None:
            raise ValueError("No controller was fitted yet; ask for a second round.")
        return self.controller.reconstruct(state.model["params"], tokens)

    def _fit(self, key: Array, rng: np.random.Generator, pool: base.Pool):
        variants = [pool.tokens]
        while len(variants) < self.config.num_variants:
            variants.append(self.space.equivalents(rng, pool.tokens))
        unlabelled = None
        if self.config.controller.num_unlabelled:
            unlabelled = self.space.sample(rng, _NUM_UNLABELLED)
        target = targets.normalise(pool.objective, self.config.controller.target)
        params, _ = self.controller.fit(key, np.stack(variants), target, unlabelled)
        return params

    def _candidates(
        self, key: Array, rng: np.random.Generator, params, pool: base.Pool
    ) -> np.ndarray:
        """Returns distinct valid sequences that ascents led to, int32 [num, length]."""
        config = self.config
        best = np.argsort(-pool.objective, kind="stable")[: config.top_k]
        starts = np.concatenate(
            [pool.tokens[best], self.space.sample(rng, config.num_random_starts)]
        )
        # In the default the random starts are candidates themselves: where few
        # sequences are valid, as in a user's table, decoding alone may miss them all.
        found = starts[len(best) :]
        for ascent in range(config.num_ascents):
            decoded = self.controller.propose(
                jax.random.fold_in(key, ascent),
                params,
                starts,
                np.array(config.step_sizes, np.float32),
                config.temperature,
            )
            # [ensemble, step, start, length]: smaller steps first, best starts first.
            rows = decoded.swapaxes(0, 1).reshape(-1, self.space.length)
            rows = _distinct(np.concatenate([found, rows]))
            found = rows[self.space.is_valid(rows)]
            if ascent + 1 < config.num_ascents and len(found):
                score = self._score(params, found)
                starts = found[np.argsort(-score, kind="stable")[: config.num_kept]]
        return found

    def _score(self, params, tokens: np.ndarray) -> np.ndarray:
        """Returns an optimistic prediction for each row, [num]."""
        predicted = self.controller.predict(params, tokens)
        return predicted.mean(0) + self.config.exploration * predicted.std(0)


def _distinct(tokens: np.ndarray) -> np.ndarray:
    """Returns the rows without repetitions, in order of first appearance."""
    first = np.unique(tokens, axis=0, return_index=True)[1]
    return tokens[np.sort(first)]
