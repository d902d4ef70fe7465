import jax
import numpy as np

from nao.child.noise import Noise
from tests.child import comparing


def test_noise_by_hand():
    """A third of 0.6 in the first of 3 cells half through; 1 / (share kept)."""
    noise = Noise.draw(
        jax.random.key(0),
        (3, 40, 500),
        1000,
        0.5,
        comparing.recipe(drop_path=0.6, dropout=0.75),
    )
    for cell, dropped in enumerate((0.1, 0.2, 0.3)):
        values, counts = np.unique(noise.paths[cell], return_counts=True)
        np.testing.assert_allclose(values, [0, 1 / (1 - dropped)], rtol=1e-6)
        # 4 standard errors of 20,000 draws of at most 0.46 each: 0.013.
        assert abs(counts[0] / 20_000 - dropped) < 0.013
    assert noise.features.shape == (500, 1000)
    np.testing.assert_allclose(np.unique(noise.features), [0, 4])
