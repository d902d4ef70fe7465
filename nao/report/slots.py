"""Spaces made of slots alone: what was chosen in each, and what chance would choose.

Their slots say nothing about what feeds what, so they are shown as a table.
"""

import numpy as np

from nao.evaluators import Objective
from nao.runs import answers, ledger
from nao.spaces import Space, Subset

_MOST_LISTED = 65536  # architectures; of a larger space as many are drawn at random


def is_made_of_slots(space: Space) -> bool:
    """Says whether a space has no drawing of its own."""
    whole = space.whole if isinstance(space, Subset) else space
    return type(whole).graph is Space.graph


def chosen(space: Space, tokens: np.ndarray) -> list[int]:
    """Returns the number of the choice made in each slot of tokens [length]."""
    return space.to_indices(tokens).tolist()


def shares(space: Space, tokens: np.ndarray) -> list[np.ndarray]:
    """Returns how often rows [num, length] make each choice.

    Returns:
        For each slot float64 [num_choices], shares of the rows.
    """
    indices = space.to_indices(tokens)
    return [
        np.bincount(column, minlength=len(slot.choices)) / len(indices)
        for column, slot in zip(indices.T, space.slots, strict=True)
    ]


def by_chance(space: Space) -> list[np.ndarray]:
    """Returns how often random architectures make each choice, as `shares` does."""
    if space.num_sequences <= _MOST_LISTED:
        return shares(space, np.concatenate(list(space.enumerate())))
    return shares(space, space.sample(np.random.default_rng(0), _MOST_LISTED))


def best_first(
    trials: list[ledger.Trial], objective: Objective, num: int
) -> list[ledger.Trial]:
    """Returns the best `num` of the trials that can be compared, best first."""
    done = answers.measured(trials)
    return sorted(done, key=lambda trial: -objective.sign * trial.value)[:num]
