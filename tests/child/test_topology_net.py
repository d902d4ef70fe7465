import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child.noise import Noise
from nao.child.topology_net import TopologyNet
from nao.spaces import NASBench201
from nao.spaces.nasbench201 import OPERATIONS
from tests.child import comparing

SPACE = NASBench201()
NET = TopologyNet(OPERATIONS, 2, 2, 3, (6, 5, 1))
BENCHMARK = TopologyNet(OPERATIONS, 16, 5, 10, (32, 32, 3))
ARCH = np.array([3, 1, 0, 4, 2, 1], np.int32)


def draw_images(num=3):
    return jax.random.normal(jax.random.key(1), (num, *NET.image_shape))


def draw_noise(drop_path=0.4):
    return NET.make_noise(
        jax.random.key(2), 3, 1.0, comparing.recipe(drop_path=drop_path, dropout=0.3)
    )


@pytest.mark.slow
@pytest.mark.parametrize("cell", [[3, 1, 0, 4, 2, 1], [0, 2, 4, 1, 3, 1], [0] * 6])
def test_universal_equals_specialised(cell):
    """With paths dropped, and one architecture that has no path at all."""
    arch = np.array(cell, np.int32)
    comparing.assert_universal_equals_specialised(
        NET, arch, draw_images(), draw_noise()
    )


@pytest.mark.slow
def test_without_noise_it_is_the_network_of_no_noise():
    arch, variables = jnp.asarray(ARCH), comparing.init(NET)
    train = comparing.train_fn(NET)
    nothing = NET.make_noise(jax.random.key(0), 3, 1.0, comparing.recipe())
    with_noise, without = (
        train(variables, draw_images(), arch, noise) for noise in (nothing, None)
    )
    comparing.assert_close(*jax.device_get((with_noise, without)))


@pytest.mark.slow
def test_dropping_paths_leaves_skips_alone():
    noise = Noise(jnp.zeros((NET.num_cells, 6, 3)), jnp.ones((3, 8)))
    train, variables = comparing.train_fn(NET), comparing.init(NET)
    kept = noise._replace(paths=jnp.ones_like(noise.paths))
    for operation, changes in (("skip_connect", False), ("avg_pool_3x3", True)):
        arch = jnp.full(6, OPERATIONS.index(operation))
        scores = [
            train(variables, draw_images(), arch, each)[0][0] for each in (kept, noise)
        ]
        assert np.allclose(*scores) != changes


def test_evaluation_uses_running_averages():
    """Other images of a batch change nothing; other averages do."""
    own = NET.specialise(ARCH)
    variables, images = comparing.init(own), draw_images()
    evaluate = comparing.evaluate_fn(own)
    scores = evaluate(variables, images, None)
    changed = evaluate(variables, images.at[1:].mul(5), None)
    np.testing.assert_allclose(scores[0], changed[0], rtol=1e-4, atol=1e-5)
    stats = jax.tree.map(lambda x: x + 1, variables["batch_stats"])
    moved = variables | {"batch_stats": stats}
    assert not np.allclose(scores, evaluate(moved, images, None))


@pytest.mark.parametrize(
    ("text", "millions"),
    [
        (
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|"
            "+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
            0.129306,
        ),
        (
            "|avg_pool_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
            "+|none~0|none~1|nor_conv_1x1~2|",
            0.587386,
        ),
        (
            "|none~0|+|skip_connect~0|none~1|+|none~0|skip_connect~1|nor_conv_3x3~2|",
            0.316346,
        ),
    ],
)
def test_parameters_are_those_of_the_benchmark(text, millions):
    """To the parameter: `params_mb` of its table for CIFAR-10."""
    (arch,) = SPACE.architecture(SPACE.parse(text)[None])
    assert BENCHMARK.num_parameters(arch) == round(millions * 1e6)


def test_counted_parameters_are_those_extracted(rng):
    for arch in SPACE.architecture(SPACE.sample(rng, 5)):
        comparing.assert_counted_parameters_are_those_extracted(NET, arch)


def test_counted_multiply_adds_are_those_of_the_program(rng, monkeypatch):
    for arch in SPACE.architecture(SPACE.sample(rng, 3)):
        counted = comparing.count_multiply_adds(monkeypatch, NET, arch)
        assert NET.num_multiply_adds(arch) == counted


def test_an_auxiliary_head_is_refused():
    with pytest.raises(ValueError, match="auxiliary must be 0 in space nasbench201"):
        NET.clone(auxiliary=True).init(jax.random.key(0), method="declare")
