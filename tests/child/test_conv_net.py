import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child.cell import NUM_INPUTS
from nao.child.conv_net import ConvNet
from nao.child.noise import Noise
from nao.spaces import OPERATION_SETS, ConvCell
from nao.spaces.published import PUBLISHED
from tests.child import comparing

NET = ConvNet(("avg_pool_3x3", "identity"), 1, 2, 1, 3, (4, 4, 1))
ARCH = np.array([[[[0, 0], [1, 1]]], [[[1, 1], [1, 0]]]], np.int32)
EXPLICIT = ((0, 2, 3, 1), (3, 2))  # normal cells join four states, reductions two


def draw_arch(seed, num_operations, num_nodes=2):
    rng = np.random.default_rng(seed)
    sources = np.arange(num_nodes)[:, None] + NUM_INPUTS
    shape = (2, num_nodes, 2)
    parts = rng.integers(0, sources, shape), rng.integers(0, num_operations, shape)
    return np.stack(parts, -1).astype(np.int32)


def draw_images(net, num=3):
    return jax.random.normal(jax.random.key(1), (num, *net.image_shape))


def draw_noise(net, num=3, drop_path=0.4):
    """Paths alone: a specialised classifier has other inputs to drop."""
    noise = net.make_noise(
        jax.random.key(2), num, 1.0, comparing.recipe(drop_path=drop_path)
    )
    return Noise(noise.paths, jnp.ones((num, 1)))


def make_net(name, join="loose", cells_per_stage=1, size=6, **fields):
    shape = (size, size - 1, 1)
    operations = OPERATION_SETS.get(name, NET.operations)
    return ConvNet(operations, 2, 2, cells_per_stage, 3, shape, join, **fields)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "join", "cells_per_stage", "noise"),
    [
        ("enas", EXPLICIT, 1, False),
        ("two operations", "loose", 3, False),
    ],
)
def test_universal_equals_specialised(name, join, cells_per_stage, noise):
    net = make_net(name, join, cells_per_stage)
    noise = draw_noise(net) if noise else None
    for seed in range(2 if name == "two operations" else 1):
        arch = draw_arch(seed, len(net.operations))
        comparing.assert_universal_equals_specialised(
            net, arch, draw_images(net), noise
        )


@pytest.mark.slow
def test_auxiliary_heads_are_equal():
    """On 18x17 pixels, the smallest that it takes and one more; from the start."""
    net = make_net("two operations", "loose", 2, 18, auxiliary=True)
    arch = draw_arch(0, 2)
    images = draw_images(net, 4)
    comparing.assert_universal_equals_specialised(net, arch, images)
    plain = net.clone(auxiliary=False)
    assert net.num_parameters(arch) == plain.num_parameters(arch)


def test_an_auxiliary_head_needs_large_images():
    """16 pixels are halved to 8 and 4, one less than its pooling needs."""
    net = NET.clone(auxiliary=True, image_shape=(17, 16, 1))
    with pytest.raises(ValueError, match="at least 17x17 pixels, got 17x16") as error:
        net.init(jax.random.key(0), method="declare")
    assert "\n" not in str(error.value)
    NET.clone(auxiliary=True, image_shape=(17, 17, 1)).initial()


def test_small_networks_score_equally():
    """The universal network in evaluation, and the one of an architecture."""
    variables, images = comparing.init(NET), draw_images(NET)
    universal = comparing.evaluate_fn(NET)(variables, images, ARCH)
    own = comparing.evaluate_fn(NET.specialise(ARCH))
    alone = own(NET.extract(jax.device_get(variables), ARCH), images, None)
    np.testing.assert_allclose(universal, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_small_networks_are_equal():
    """Of two operations and one node, with paths dropped."""
    comparing.assert_universal_equals_specialised(
        NET, ARCH, draw_images(NET), draw_noise(NET)
    )


def test_evaluation_uses_running_averages():
    """Other images of a batch change nothing; other averages do."""
    variables, images = comparing.init(NET), draw_images(NET)
    evaluate = comparing.evaluate_fn(NET)
    scores = evaluate(variables, images, ARCH)
    changed = evaluate(variables, images.at[1:].mul(5), ARCH)
    np.testing.assert_allclose(scores[0], changed[0], rtol=1e-4, atol=1e-5)
    stats = jax.tree.map(lambda x: 2 * x, variables["batch_stats"])
    moved = variables | {"batch_stats": stats}
    assert not np.allclose(scores, evaluate(moved, images, ARCH))


@pytest.mark.slow
def test_dropping_paths_leaves_the_identity_alone():
    """With every path dropped, identities still work; pools leave the bias alone."""
    noise = Noise(jnp.zeros((NET.num_cells, 2, 3)), jnp.ones((3, 1)))
    train, variables = comparing.train_fn(NET), comparing.init(NET)
    images = draw_images(NET)
    identity = np.array([[[[0, 1], [1, 1]]]] * 2, np.int32)
    pools = identity.copy()
    pools[..., 1] = 0
    none = Noise(jnp.ones_like(noise.paths), noise.features)
    (kept, *_), _ = train(variables, images, identity, none)
    (dropped, *_), _ = train(variables, images, identity, noise)
    np.testing.assert_array_equal(kept, dropped)
    (constant, *_), _ = train(variables, images, pools, noise)
    bias = np.broadcast_to(variables["params"]["net"]["head_bias"], constant.shape)
    np.testing.assert_allclose(constant, bias, atol=1e-6)


def test_noise_of_nothing_is_one():
    noise = NET.make_noise(jax.random.key(0), 4, 0.5, comparing.recipe())
    assert noise.paths.shape == (5, 2, 4)
    assert (noise.paths == 1).all() and (noise.features == 1).all()


@pytest.mark.parametrize("join", ["loose", "nodes", EXPLICIT], ids=str)
@pytest.mark.parametrize("name", OPERATION_SETS)
def test_counted_multiply_adds_are_those_of_the_program(name, join, monkeypatch):
    net = make_net(name, join, 1, 9)
    arch = draw_arch(0, len(net.operations))
    counted = comparing.count_multiply_adds(monkeypatch, net, arch)
    assert net.num_multiply_adds(arch) == counted


@pytest.mark.parametrize("cells_per_stage", [1, 2, 3])
@pytest.mark.parametrize("join", ["loose", "nodes", EXPLICIT], ids=str)
def test_counted_parameters_are_those_extracted(join, cells_per_stage):
    net = make_net("enas", join, cells_per_stage)
    for seed in range(5):
        arch = draw_arch(seed, 5)
        comparing.assert_counted_parameters_are_those_extracted(net, arch)


def test_parameters_by_hand():
    """Stem, 5 cells that calibrate and add pools, 2 skips, head; NET has 2 channels.

    A loose cell of the node 2, which reads both inputs, has c channels. Calibrations
    from 6 and 6, 6 and 2 and so on; the first after a reduction has one of its own.
    """
    arch = np.array([[[[0, 0], [1, 0]]]] * 2, np.int32)
    stem = 9 * 6 + 2 * 6
    stage_0 = 2 * (6 * 2 + 2 * 2)
    reduction_1 = (6 * 4 + 2 * 4) + (2 * 4 + 2 * 4)
    stage_1 = (2 * 4 + 2 * 4) + (4 * 4 + 2 * 4)  # the skip and input 1
    reduction_2 = 2 * (4 * 8 + 2 * 8)
    stage_2 = (4 * 8 + 2 * 8) + (8 * 8 + 2 * 8)
    head = 8 * 3 + 3
    expected = stem + stage_0 + reduction_1 + stage_1 + reduction_2 + stage_2 + head
    assert NET.num_parameters(arch) == expected


@pytest.mark.parametrize(
    "name",
    [name for name, cell in PUBLISHED.items() if isinstance(cell.space, ConvCell)],
)
def test_published_cells_have_networks(name):
    """Of the shapes that the universal network of their space gives them."""
    published = PUBLISHED[name]
    space = published.space
    (arch,) = space.architecture(published.tokens[None])
    net = ConvNet(space.operations, space.num_nodes, 4, 2, 10, (8, 8, 3), space.join)
    variables, declared = (
        jax.eval_shape(lambda net=net: net.init(jax.random.key(0), method="declare"))
        for net in (net, net.specialise(arch))
    )
    assert jax.eval_shape(lambda v: net.extract(v, arch), variables) == declared


def test_bfloat16_networks_score_in_float32():
    net = NET.clone(dtype="bfloat16")
    variables = jax.eval_shape(lambda: net.init(jax.random.key(0), method="declare"))

    def run(variables, images):
        (scores, _), updates = net.apply(
            variables, images, ARCH, train=True, mutable="batch_stats"
        )
        return scores, updates

    images = jax.ShapeDtypeStruct((2, *net.image_shape), jnp.float32)
    scores, updates = jax.eval_shape(run, variables, images)
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves((scores, updates)))
    assert updates["batch_stats"] == variables["batch_stats"]
