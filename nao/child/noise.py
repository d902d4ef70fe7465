"""What training drops at random: paths through cells and inputs of the classifier."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nao.child.recipe import Recipe
from nao.types import Array


def drop(x: Array, factors: Array) -> Array:
    """Multiplies each image of a batch by its own factor, float32 [batch]."""
    return x * factors[:, None, None, None].astype(x.dtype)


def factors(key: Array, kept: Array, shape: tuple[int, ...]) -> Array:
    """Draws 1 / kept for the share `kept` of all places, 0 for the others."""
    return jax.random.bernoulli(key, kept, shape) / kept


class Noise(NamedTuple):
    """What training drops at random, as factors: 0, or 1 / (share kept).

    Dividing by the share keeps the mean, so evaluation scales nothing.
    """

    paths: Array  # float32 [num_cells, 2 * num_nodes, batch]
    features: Array  # float32 [batch, width of the classifier's input]

    @classmethod
    def draw(
        cls,
        key: Array,
        shape: tuple[int, int, int],
        width: int,
        progress: Array,
        recipe: Recipe,
    ) -> "Noise":
        """Draws what is dropped in one step.

        Paths are dropped per image, ever more of them with training and depth: with
        probability `drop_path * progress * (cell + 1) / num_cells` (Zoph et al., 2018,
        arXiv:1707.07012, as in NAO).

        Args:
            key: Randomness of the step.
            shape: Cells, branches of a cell, images.
            width: Inputs of the classifier.
            progress: 0 at the first step, 1 after the last.
            recipe: Has `drop_path`, the probability in the last cell at the end, and
                `dropout`, the share of the classifier's inputs that are dropped.
        """
        # Drawn whatever the probabilities: they are traced, one program for all.
        path_key, feature_key = jax.random.split(key)
        num_cells, _, batch = shape
        depth = (jnp.arange(num_cells) + 1) / num_cells
        # [num_cells, 1, 1]: the same for all branches of a cell and all images.
        keep = 1 - recipe.drop_path * progress * depth[:, None, None]
        paths = factors(path_key, keep, shape)
        return cls(paths, factors(feature_key, 1 - recipe.dropout, (batch, width)))
