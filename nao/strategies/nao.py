"""Neural Architecture Optimization (Luo et al., 2018, arXiv:1808.07233, algorithm 1).

A round fits the controller to everything evaluated so far, moves the embeddings of
good architectures up the gradient of the predicted objective, decodes where they end
up, and proposes what is new.

What the released recipe lacks was measured on tables. Its one greedy decoding per
starting point reaches few new cells; the default starts from random architectures too,
and decodes by sampling at several step sizes. Of what that finds, a Gaussian process on
the sequences chooses four and the predictor one, in turn (one each of several
objectives): where one of them stays with the second best, the other leads out. The
default reads canonical forms, and asks for a function once before again. `PAPER` and
`SEMINAS` are released recipes.
"""

import dataclasses
import itertools

import jax
import numpy as np

from nao.controller import Controller, Goal, metrics, order, targets
from nao.spaces import Space
from nao.strategies import base, expectation, ranking
from nao.strategies.aim import Aim
from nao.strategies.expectation import Expectation
from nao.strategies.nao_config import NAOConfig
from nao.strategies.unseen import MAX_ENUMERATED, Unseen, distinct
from nao.types import Array, PyTree

_NUM_UNLABELLED = 2048  # random architectures per fit, for the reconstruction loss
_NUM_RANDOM = 2048  # candidates where `candidates` is `random`
_NUM_FRESH = 1000  # random architectures that a fitted decoder is tried on
_PSEUDO_REPEATS = 10  # copies of measured among labelled ones, as in SemiNAS's code


@dataclasses.dataclass(frozen=True)
class NAO(base.PoolStrategy):
    """Gradient ascent in the latent space of an encoder-predictor-decoder.

    Attributes:
        goals: Several objectives, or bounds; None for the evaluator's objective alone.
            What breaks a bound that is known beforehand is not proposed.
    """

    space: Space
    config: NAOConfig = dataclasses.field(default_factory=NAOConfig)
    deduplicate: str = "canonical"
    name: str = "nao"
    goals: base.ColumnGoals | None = None

    def __post_init__(self):
        # One objective alone is told no columns, and is searched for as without goals.
        object.__setattr__(self, "goals", base.several(self.goals))
        if self.goals is not None and self.config.ranked_by == "nothing":
            raise ValueError(
                f"Several objectives, and bounds, need {self.config.section}."
                "ranked_by=both, process or predictor, got nothing."
            )
        num = self.space.num_sequences
        if self.config.candidates == "all" and num > MAX_ENUMERATED:
            raise ValueError(
                f"{self.config.section}.candidates=all scores at most {MAX_ENUMERATED} "
                f"architectures, space {self.space.name!r} has {num:.3g}."
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

        pool = pool.bounded(rng, self.config.max_pool, self._best_first)
        params = self._fit(fit_key, rng, pool)
        candidates = self._candidates(ascent_key, rng, params, pool)
        if self.config.ranked_by != "nothing":
            candidates = self._rank(rng, params, pool, told, candidates)
        proposed = self._choose(told, num, candidates)
        # By the controller, whoever ranked.
        expected, _ = self._expectation("predictor", params, pool)(proposed)
        # Where ascent found too little, the round is filled at random.
        unseen = Unseen(self.space, self.deduplicate, np.concatenate([told, proposed]))
        filling = unseen.take(at_random, num - len(proposed))
        predicted = np.append(expected[:, 0], np.full(len(filling), np.nan))
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

    def features(self, tokens: np.ndarray) -> np.ndarray:
        """Returns what the process reads of architectures, float32 [num, size]."""
        # What the encoder reads: sequences of a function are one, numbers have order.
        encoded = self.as_encoded(tokens)
        if self.config.controller.ordered:
            rows = order.mixed_rows(self.space, encoded)
        else:
            rows = self.space.one_hot(encoded)
        return np.concatenate([rows, self.space.counts(encoded)], axis=1)

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
        num = len(state.pool.succeeded().tokens)
        return {
            "reconstruction_accuracy": metrics.reconstruction_accuracy(fresh, decoded),
            "hamming_distance": metrics.hamming_distance(fresh, decoded),
            "num_train": min(num, self.config.max_pool or num),
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
            known = np.concatenate([told, chosen])
            if isinstance(source, np.ndarray):
                take = Unseen(self.space, rule, known).take
            else:
                ruled = dataclasses.replace(self, deduplicate=rule)
                take = base.unseen(ruled, known).draw
            found = take(source, num - len(chosen))
            if rule == "canonical":  # so no other sequence of the function is known
                found = self._representatives(found)
            chosen = np.concatenate([chosen, found])
        return chosen

    def _representatives(self, tokens: np.ndarray) -> np.ndarray:
        """Returns canonical forms of rows [num, length] where goals are many.

        Costs may depend on operations that nobody reads: the canonical form has none,
        and it is what the encoder predicts. Where that may not be asked for, the row.
        """
        if self.goals is None or not self.config.canonical:
            return tokens
        encoded = self.space.canonical(tokens)
        may_be = self.space.is_valid(encoded) & self.goals.may_keep(encoded)
        return np.where(may_be[:, None], encoded, tokens)

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
        target = self._targets(pool)
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
        """Returns valid sequences that a round is chosen from, int32 [num, length]."""
        config = self.config
        if config.candidates == "all":
            return np.concatenate(list(self.space.enumerate()))
        if config.candidates == "random":
            return self.space.sample(rng, _NUM_RANDOM)
        aim = self._aim(pool)
        if aim is None:
            best = pool.best(config.top_k)
            # Folded, since the published results were drawn with this key.
            rows = self._climb(jax.random.fold_in(key, 0), rng, params, best)
        else:
            keys = (jax.random.fold_in(key, number) for number in itertools.count())
            found = [
                self._climb(
                    next(keys), rng, params, pool.tokens[aim.best(g, config.top_k)], g
                )
                for g in aim.ascents(config.num_trade_offs)
            ]
            rows = np.concatenate(found)
        # Where few sequences are valid, as in a user's table, decoding may miss them.
        more = self.space.sample(rng, config.num_random_candidates)
        rows = distinct(np.concatenate([rows, more]))
        return rows[self.space.is_valid(rows)]

    def _climb(
        self,
        key: Array,
        rng: np.random.Generator,
        params: PyTree,
        best: np.ndarray,
        goal: Goal | None = None,
    ) -> np.ndarray:
        """Returns what ascents from the best and from random architectures decode to.

        Args:
            key: Of decoding.
            rng: Draws the random architectures.
            params: Of the fitted controller.
            best: Evaluated architectures, int32 [num, length].
            goal: What is climbed; None for the prediction of a single objective.

        Returns:
            int32 [rows, length], the random starts first, as they are candidates, too.
        """
        config = self.config
        at_random = self.space.sample(rng, config.num_random_starts)
        decoded = self.controller.propose(
            key,
            params,
            self.as_encoded(np.concatenate([best, at_random])),
            np.array(config.step_sizes, np.float32),
            config.temperature,
            goal,
        )
        # [ensemble, step, start, length]: smaller steps first, best starts first.
        rows = decoded.swapaxes(0, 1).reshape(-1, self.space.length)
        return np.concatenate([at_random, rows])

    def _aim(self, pool: base.Pool) -> Aim | None:
        """Returns what a round aims at; None where one objective is all there is."""
        goals, target = self.goals, self.config.controller.target
        return None if goals is None else Aim(goals, pool.values, target)

    def _best_first(self, pool: base.Pool) -> np.ndarray:
        aim = self._aim(pool)
        return np.argsort(-pool.objective) if aim is None else aim.best_first()

    def _targets(self, pool: base.Pool) -> np.ndarray:
        """Returns what is learned, float32 [num]; [num, columns] of several."""
        aim, rule = self._aim(pool), self.config.controller.target
        return targets.normalise(pool.objective, rule) if aim is None else aim.learned

    def _expectation(self, by: str, params: PyTree, pool: base.Pool) -> Expectation:
        """Returns what a process on the pool, or the predictor, expects."""
        if by == "process":
            target = self._targets(pool)
            return expectation.of_processes(self.features, pool.tokens, target)
        return expectation.of_members(
            lambda tokens: self.controller.predict(params, self.as_encoded(tokens))
        )

    def _rank(
        self,
        rng: np.random.Generator,
        params: PyTree,
        pool: base.Pool,
        told: np.ndarray,
        candidates: np.ndarray,
    ) -> np.ndarray:
        """Returns candidates, the most promising first; by goals those of a round."""
        by = self.config.ranked_by
        rankers = ("process", "predictor") if by == "both" else (by,)
        expected = {each: self._expectation(each, params, pool) for each in rankers}
        if self.goals is None:
            best = pool.best(self.config.top_k)
            turns = self.config.process_turns
            return candidates[ranking.ranked(candidates, expected, best, turns)]
        candidates, size = self._new(told, candidates), self.config.round_size
        orders = self._aim(pool).orders(rng, candidates, expected, size)
        return candidates[ranking.in_turn(orders)]

    def _new(self, told: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Returns candidates that may be asked for, new functions if they suffice."""
        candidates = distinct(self._representatives(candidates))
        if self.config.distinct_functions and self.deduplicate != "none":
            functions = Unseen(self.space, "canonical", told).take(candidates)
            if len(functions) >= self.config.round_size:
                return functions
        return self._choose(told, len(candidates), candidates)
