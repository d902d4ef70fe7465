import jax.numpy as jnp
import numpy as np

from nao.child.cell import loose_ends


def test_loose_ends_by_hand():
    """Node 2 reads 0 and 0, node 3 reads 2 and 0: states 1 and 3 are left."""
    arch = jnp.array([[[0, 0], [0, 1]], [[2, 0], [0, 0]]])
    np.testing.assert_array_equal(loose_ends(arch), [0, 1, 0, 1])
