"""The order of numbers among a slot's choices, as what embeddings share.

Embeddings of tokens know nothing of each other: that 3 lies between 2 and 4 must be
learned from the pool. Where the controller is told, a number's embedding is a mix of
those of the numbers around it, with the weights of the regularised Laplacian kernel
(Smola & Kondor, 2003) of the graph that joins neighbouring numbers of a slot.
"""

import functools

import numpy as np

from nao.spaces import Space, slot

# How far mixing reaches: of eight choices, neighbours are alike by 0.9, ends by 0.2.
_REACH = 4.0


@functools.lru_cache(maxsize=8)
def mixing(space: Space) -> np.ndarray:
    """Returns how embeddings are mixed, float32 [vocab, vocab].

    Rows are of unit length, so that mixed embeddings are as large as others. Those of
    text, True, False and None are left as they are.
    """
    joined = np.zeros((len(space.vocabulary),) * 2)
    for choices, ids in zip(space.slots, space.choice_ids, strict=True):
        numbers = [
            (choice, token)
            for choice, token in zip(choices.choices, ids, strict=True)
            if slot.is_number(choice)
        ]
        tokens = [token for _, token in sorted(numbers)]
        joined[tokens[:-1], tokens[1:]] = joined[tokens[1:], tokens[:-1]] = 1
    laplacian = np.diag(joined.sum(1)) - joined
    kernel = np.linalg.inv(np.eye(len(joined)) + _REACH * laplacian)
    return (kernel / np.linalg.norm(kernel, axis=1, keepdims=True)).astype(np.float32)


def mixed_rows(space: Space, tokens: np.ndarray) -> np.ndarray:
    """Writes rows [num, length] as numbers, float32 [num, length * vocab].

    As one-hot rows, but nearer to each other where numbers of a slot are.
    """
    return mixing(space)[tokens].reshape(len(tokens), -1)
