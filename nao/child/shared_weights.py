"""One set of weights for all architectures of a space: a supernet.

The universal network holds the parameters of every operation at every place and reads
the architecture as data, so it is a supernet as it stands (Bender et al., 2018; Guo et
al., 2020, arXiv:1904.00420, section 3): it learns on another architecture at each step,
by the program that trains children, and scores any of them with what it has learned.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nao.child import programs, scoring
from nao.child.devices import choose_dtype
from nao.child.network import ChildNet, Variables
from nao.child.programs import TrainState
from nao.child.recipe import TrainingConfig
from nao.child.task import Task
from nao.child.training import ChildTrainer, Outcome
from nao.types import Array

_AT_ONCE = 32  # architectures that one call scores on a device
_NOTHING = np.zeros((1, 1), np.int32)  # in place of an architecture that nobody reads


class SharedWeights(ChildTrainer):
    """Trains one network on many architectures, and scores them."""

    _is_shared = True

    def __init__(
        self,
        net: ChildNet,
        task: Task,
        config: TrainingConfig,
        devices: Sequence[jax.Device] | None = None,
        norms: str = "batch",
        num_scored: int = 0,
    ):
        """Puts the data on the devices, which share the examples of each step.

        Args:
            net: A network for any architecture.
            task: What is learned.
            config: How it is trained; `epochs` are those of all rounds together.
            devices: Where; by default the first there is.
            norms: What scores are normalised by, one of `scoring.NORMS`.
            num_scored: Validation examples that architectures are scored on, the first
                there are; 0 for all.
        """
        super().__init__(net, task, config, devices, share_batch=True)
        devices = jax.devices()[:1] if devices is None else list(devices)
        self._scoring_mesh = programs.make_mesh(devices, len(devices))
        # A device scores architectures of its own, so no norm waits for another's.
        dtype = choose_dtype(config.dtype, devices[0].platform)
        alone = net.in_training(dtype, None, config.auxiliary > 0)
        self._rules = scoring.Rules(alone, task.rules, self._scoring_mesh, norms)
        self._order = scoring.order(task, num_scored)

    @property
    def at_once(self) -> int:
        """Architectures that one call scores."""
        return _AT_ONCE * self._scoring_mesh.size

    @property
    def steps(self) -> int:
        """Steps of an epoch, each on an architecture of its own."""
        return self._task.num_examples["train"] // self.config.batch_size

    def begin(self, key: Array) -> TrainState:
        """Draws the weights that learning begins with."""
        return self.init(jnp.stack([key]), _NOTHING)

    def leaves(self, state: TrainState) -> dict[str, np.ndarray]:
        """Returns the arrays of a state by name, those without elements left out."""
        leaves = enumerate(jax.device_get(jax.tree.leaves(state)))
        return {f"{i:04d}": leaf for i, leaf in leaves if leaf.size}

    def state(self, leaves: Mapping[str, np.ndarray]) -> TrainState:
        """Puts a state on the devices again, of what `leaves` returned."""
        keys, _, settings = self._place([jax.random.key(0)], _NOTHING)
        shapes, structure = jax.tree.flatten(self._shapes(keys, settings))
        arrays = [
            np.asarray(leaves.get(f"{i:04d}", np.zeros(shape.shape, shape.dtype)))
            for i, shape in enumerate(shapes)
        ]
        places = [shape.sharding for shape in shapes]
        return jax.tree.unflatten(structure, jax.device_put(arrays, places))

    def learn(
        self, key: Array, state: TrainState, archs: np.ndarray, epoch: int
    ) -> tuple[TrainState, float]:
        """Takes an epoch, each step on one architecture.

        Args:
            key: Randomness of all epochs.
            state: The weights before; their memory is reused.
            archs: int32 [steps, ...].
            epoch: Which epoch it is, from 0.

        Returns:
            The weights after it, and the mean loss of its steps.

        Raises:
            ValueError: If a step needs more memory than its limit.
        """
        keys, archs = jnp.stack([key]), np.asarray(archs)[None]
        self.prepare(keys, archs)
        keys, archs, settings = self._place(keys, archs)
        state, (loss,) = self._pass(
            programs.split(keys)[1], state, archs, epoch, settings
        )
        return state, loss

    def score(self, state: TrainState, archs: np.ndarray) -> list[Outcome]:
        """Returns the task's measures on the validation part of each architecture.

        Args:
            state: The weights.
            archs: int32 [num, ...], as many as one likes.
        """
        variables = jax.tree.map(lambda x: x[0], jax.device_get(state.variables))
        found = []
        for start in range(0, len(archs), self.at_once):
            found += self._score(variables, archs[start : start + self.at_once])
        return found

    def _score(self, variables: Variables, archs: np.ndarray) -> list[Outcome]:
        """Scores at most `at_once` architectures, each device as many as the others."""
        num, num_devices = len(archs), self._scoring_mesh.size
        parts = np.array_split(np.arange(num), num_devices)
        rows = np.zeros((num_devices, _AT_ONCE, *archs.shape[1:]), np.int32)
        for row, part in zip(rows, parts, strict=True):
            row[: len(part)] = archs[part]
        nums = np.array([len(part) for part in parts], np.int32)
        data = self._parts["train"], self._parts["val"], self._order
        measured = scoring.score(variables, rows, nums, *data, rules=self._rules)
        measured = {name: np.asarray(x, np.float64) for name, x in measured.items()}
        return [
            self._measured("val", {name: x[device, i] for name, x in measured.items()})
            for device, n in enumerate(nums)
            for i in range(n)
        ]
