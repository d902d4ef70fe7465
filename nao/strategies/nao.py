"""Neural Architecture Optimization (Luo et al., 2018, arXiv:1808.07233, algorithm 1).

A round fits the controller to everything evaluated so far, moves the embeddings of
good architectures up the gradient of the predicted objective, decodes where they end
up, and proposes what is new.

What the released recipe lacks was measured on NAS-Bench-201. Its one greedy decoding
per starting point reaches few new cells; the default starts from random architectures
too, decodes by sampling at several step sizes, and proposes the candidates that an
ensemble ranks highest. Its controller sees one function as many
sequences; the default's reads canonical forms, and asks for a function once before it
asks for one again. `PAPER` and `SEMINAS` are released recipes.
"""

import dataclasses

import jax
import numpy as np

from nao.controller import PRESETS, Controller, ControllerConfig, metrics, targets
from nao.fields import check_at_least, check_types, documented, option, part
from nao.spaces import Space
from nao.strategies import base
from nao.strategies.unseen import MAX_ENUMERATED, Unseen
from nao.types import Array, PyTree

_NUM_UNLABELLED = 2048  # random architectures per fit, for the reconstruction loss
_NUM_RANDOM = 2048  # candidates where `candidates` is `random`
_NUM_FRESH = 1000  # random architectures that a fitted decoder is tried on
_PSEUDO_REPEATS = 10  # copies of measured among labelled ones, as in SemiNAS's code

CANDIDATES = ("ascent", "random", "all")


# The defaults were chosen among about ten settings on NAS-Bench-201; three ascents a
# round and a bonus for the ensemble's spread did not pay (experiments/results).
@documented
@dataclasses.dataclass(frozen=True)
class NAOConfig:
    """Settings of NAO; the defaults are not the paper's, see `PAPER`."""

    num_seed_archs: int = option(10, "Architectures of the first, random round.")
    round_size: int = option(5, "Architectures of every later round.")
    top_k: int = option(32, "Best evaluated architectures that ascents start from.")
    num_random_starts: int = option(
        96, "Random architectures that ascents start from as well."
    )
    step_sizes: tuple[float, ...] = option(
        (0.0, 0.1, 0.25, 0.5, 1.0, 2.5),
        "Step sizes of the ascent, eta in the paper, all tried; 0 stays at the start.",
    )
    temperature: float = option(
        1.0, "Temperature of the decoder: 0 decodes greedily, 1 samples."
    )
    rank_candidates: bool = option(
        True, "Propose the candidates predicted best; otherwise the first decoded."
    )
    candidates: str = option(
        "ascent",
        f"What a round is chosen from: {', '.join(CANDIDATES)} (the whole space).",
    )
    canonical: bool = option(
        True, "The controller reads canonical forms: one embedding for each function."
    )
    num_variants: int = option(
        1, "Equivalent sequences per architecture to fit on; unused where canonical."
    )
    distinct_functions: bool = option(
        True,
        "Propose another sequence of a known function only after all new functions; "
        "of no effect where deduplicate is none.",
    )
    num_pseudo: int = option(
        0,
        "Random architectures that the controller labels for a second fit, as in "
        "SemiNAS; 0 for none.",
    )
    controller: ControllerConfig = part(ControllerConfig)

    def __post_init__(self):
        check_types(self, "nao.")
        counts = ("num_seed_archs", "round_size", "top_k")
        check_at_least(1, self, *counts, "num_variants", prefix="nao.")
        numbers = ("num_random_starts", "temperature")
        check_at_least(0, self, *numbers, prefix="nao.")
        check_at_least(0, self, "num_pseudo", prefix="nao.")
        if self.candidates not in CANDIDATES:
            raise ValueError(
                f"nao.candidates must be one of {', '.join(CANDIDATES)}, "
                f"got {self.candidates!r}."
            )
        if not self.step_sizes or min(self.step_sizes) < 0:
            raise ValueError(
                "nao.step_sizes must be one or more numbers of at least 0, "
                f"got {self.step_sizes}."
            )


# NAO as released in NAO_pytorch, version 1. Departures:
# - Those of the controller's preset.
# - All step sizes are tried in one batch and their results taken in the order of the
#   step size, where the released loop stops at the size that fills the round.
# - An epoch reads one of 8 equivalents of a sequence, drawn before the fit; the
#   released code swaps the branches of one random node per cell at every draw.
# - The pool keeps all; the released one drops as many of its worst as a round adds.
PAPER = NAOConfig(
    num_seed_archs=600,
    round_size=300,
    top_k=100,
    num_random_starts=0,
    step_sizes=tuple(float(eta) for eta in range(1, 51)),
    temperature=0.0,
    rank_candidates=False,
    canonical=False,
    num_variants=8,
    distinct_functions=False,
    controller=PRESETS["paper"],
)


# SemiNAS (Luo et al., 2020, arXiv:2002.10389), with the sizes of its released search
# on NAS-Bench-101. Departures:
# - Both fits of a round take the same number of epochs, from fresh parameters; the
#   released loop takes 1000 and then 500, and keeps parameters from round to round.
# - The predictor is a plain perceptron; the released one adds its input to its output.
# - Ascents start from measured architectures; the released ones from pseudo-labelled
#   ones too.
# - Targets are standardised by the pool; the released code knows the benchmark's mean.
SEMINAS = dataclasses.replace(
    PAPER,
    num_seed_archs=1100,
    step_sizes=tuple(float(eta) for eta in range(1, 101)),
    num_variants=1,
    num_pseudo=10_000,
    controller=dataclasses.replace(
        PRESETS["paper"],
        embedding_size=64,
        hidden_size=64,
        bidirectional=True,
        residual=True,
        predictor_sizes=(16, 16),
        bounded=False,
        target="z_score",
        num_epochs=500,
    ),
)


@dataclasses.dataclass(frozen=True)
class NAO(base.PoolStrategy):
    """Gradient ascent in the latent space of an encoder-predictor-decoder."""

    space: Space
    config: NAOConfig = dataclasses.field(default_factory=NAOConfig)
    deduplicate: str = "canonical"
    name: str = "nao"

    def __post_init__(self):
        num = self.space.num_sequences
        if self.config.candidates == "all" and num > MAX_ENUMERATED:
            raise ValueError(
                f"nao.candidates=all scores at most {MAX_ENUMERATED} architectures, "
                f"space {self.space.name!r} has {num:.3g}."
            )

    @property
    def controller(self) -> Controller:
        """The controller whose parameters the state's model holds."""
        return Controller(self.space.grammar, self.config.controller)

    def ask(self, key: Array, state: base.State) -> tuple[np.ndarray, base.State]:
        """Proposes a round: at random until there is a pool to fit, then by ascent."""
        host_key, fit_key, ascent_key = jax.random.split(key, 3)
        rng = base.numpy_rng(host_key)
        told = state.pool.tokens
        pool = state.pool.succeeded()
        num_seed_archs, num = self.config.num_seed_archs, self.config.round_size
        num_random = base.num_at_random(state.pool, num_seed_archs, num)
        # Drawn whether needed or not: where there are none, the space is used up and a
        # fit would be wasted.
        at_random = self._choose(told, num_random or num, rng)
        if num_random or not len(at_random):
            return at_random, state._replace(predicted=None, model=None)

        params = self._fit(fit_key, rng, pool)
        candidates = self._candidates(ascent_key, rng, params, pool)
        if self.config.rank_candidates:
            # The mean over the ensemble; stable, so ties stay in the order of decoding.
            score = self._predict(params, candidates).mean(0)
            candidates = candidates[np.argsort(-score, kind="stable")]
        proposed = self._choose(told, num, candidates)
        predicted = self._predict(params, proposed).mean(0)
        # Where ascent found too little, the round is filled at random.
        unseen = Unseen(self.space, self.deduplicate, np.concatenate([told, proposed]))
        filling = unseen.take(at_random, num - len(proposed))
        predicted = np.append(predicted, np.full(len(filling), np.nan))
        tokens = np.concatenate([proposed, filling])
        return tokens, state._replace(predicted=predicted, model={"params": params})

    @property
    def controller_use(self) -> base.ControllerUse:
        """The controller's config, and whether it reads canonical forms."""
        return base.ControllerUse(self.config.controller, self.config.canonical)

    def as_encoded(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what the encoder reads: canonical forms, or the rows themselves.

        Args:
            tokens: int32 [num, length].

        Returns:
            int32 [num, length].
        """
        return self.space.canonical(tokens) if self.config.canonical else tokens

    def reconstruct(self, state: base.State, tokens: np.ndarray) -> np.ndarray:
        """Encodes architectures and decodes their embeddings greedily.

        Args:
            state: State with a fitted controller.
            tokens: What the encoder reads (`as_encoded`), int32 [num, length].

        Returns:
            int32 [ensemble, num, length].

        Raises:
            ValueError: If the state holds no fitted controller.
        """
        if state.model is None:
            raise ValueError("No controller was fitted yet; ask for a second round.")
        return self.controller.reconstruct(state.model["params"], tokens)

    def describe_fit(
        self, state: base.State, rng: np.random.Generator
    ) -> dict[str, float]:
        """Tries the fitted controller's decoder on fresh random architectures.

        Returns:
            `reconstruction_accuracy` (share of tokens), `hamming_distance` (tokens per
            architecture) and `num_train` (architectures of the fit); nothing where no
            controller was fitted.
        """
        if state.model is None:
            return {}
        fresh = self.as_encoded(self.space.sample(rng, _NUM_FRESH))
        decoded = self.reconstruct(state, fresh)
        return {
            "reconstruction_accuracy": metrics.reconstruction_accuracy(fresh, decoded),
            "hamming_distance": metrics.hamming_distance(fresh, decoded),
            "num_train": len(state.pool.succeeded().tokens),
        }

    def _choose(
        self, told: np.ndarray, num: int, source: np.ndarray | np.random.Generator
    ) -> np.ndarray:
        """Returns new architectures, the first of a list or drawn at random.

        Args:
            told: Architectures that are not new, int32 [num_told, length].
            num: How many; fewer come back where the source has no more.
            source: Candidates, best first, int32 [num_candidates, length]; or the
                generator to draw with.

        Returns:
            int32 [<=num, length].
        """
        # First one sequence of each new function; then, in what is left of the round,
        # whatever `deduplicate` lets pass.
        is_first = self.config.distinct_functions and self.deduplicate != "none"
        rules = ["canonical"] if is_first else []
        chosen = np.zeros((0, self.space.length), np.int32)
        for rule in dict.fromkeys([*rules, self.deduplicate]):
            unseen = Unseen(self.space, rule, np.concatenate([told, chosen]))
            take = unseen.take if isinstance(source, np.ndarray) else unseen.draw
            chosen = np.concatenate([chosen, take(source, num - len(chosen))])
        return chosen

    def _fit(self, key: Array, rng: np.random.Generator, pool: base.Pool) -> PyTree:
        """Fits the controller to the pool and returns its parameters.

        With `num_pseudo`, that first fit labels random architectures, and a second one,
        to the pool and to these, is what is returned (SemiNAS).
        """
        config = self.config
        variants = [self.as_encoded(pool.tokens)]
        while not config.canonical and len(variants) < config.num_variants:
            variants.append(self.space.equivalents(rng, pool.tokens))
        tokens = np.stack(variants)
        unlabelled = None
        if config.controller.num_unlabelled:
            unlabelled = self.as_encoded(self.space.sample(rng, _NUM_UNLABELLED))
        target = targets.normalise(pool.objective, config.controller.target)
        params, _ = self.controller.fit(key, tokens, target, unlabelled)
        if config.num_pseudo:
            # Labels are predictions, which are in the unit of the targets.
            more = self.as_encoded(self.space.sample(rng, config.num_pseudo))
            label = self.controller.predict(params, more).mean(0)
            # They have one sequence each, which stands for all variants.
            more = np.broadcast_to(more, (len(tokens), *more.shape))
            tokens = np.concatenate([*[tokens] * _PSEUDO_REPEATS, more], axis=1)
            target = np.concatenate([*[target] * _PSEUDO_REPEATS, label])
            params, _ = self.controller.fit(key, tokens, target, unlabelled)
        return params

    def _candidates(
        self, key: Array, rng: np.random.Generator, params: PyTree, pool: base.Pool
    ) -> np.ndarray:
        """Returns valid sequences that a round is chosen from, int32 [num, length].

        Those of ascent are distinct, and include the random starts themselves.
        """
        config = self.config
        if config.candidates == "all":
            return np.concatenate(list(self.space.enumerate()))
        if config.candidates == "random":
            return self.space.sample(rng, _NUM_RANDOM)
        best = pool.best(config.top_k)
        starts = np.concatenate(
            [best, self.space.sample(rng, config.num_random_starts)]
        )
        decoded = self.controller.propose(
            # Folded, since the published results were drawn with this key.
            jax.random.fold_in(key, 0),
            params,
            self.as_encoded(starts),
            np.array(config.step_sizes, np.float32),
            config.temperature,
        )
        # [ensemble, step, start, length]: smaller steps first, best starts first.
        rows = decoded.swapaxes(0, 1).reshape(-1, self.space.length)
        # In the default the random starts are candidates themselves: where few
        # sequences are valid, as in a user's table, decoding alone may miss them all.
        rows = _distinct(np.concatenate([starts[len(best) :], rows]))
        return rows[self.space.is_valid(rows)]

    def _predict(self, params: PyTree, tokens: np.ndarray) -> np.ndarray:
        """Returns each member's prediction for each row, float32 [ensemble, num]."""
        return self.controller.predict(params, self.as_encoded(tokens))


def _distinct(tokens: np.ndarray) -> np.ndarray:
    """Returns the rows without repetitions, in order of first appearance."""
    # The rows come back sorted; where each stood first brings the order back.
    first = np.unique(tokens, axis=0, return_index=True)[1]
    return tokens[np.sort(first)]
