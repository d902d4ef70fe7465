import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child.conv_net import ConvNet
from nao.child.costs import count_parameters
from nao.child.operations import OPERATIONS

NAMES = tuple(OPERATIONS)
# Both nodes read cell inputs, in both cells.
ARCH = np.array([[[[0, 0], [1, 2]], [[0, 3], [1, 4]]]] * 2, np.int32)


def _net(operations=NAMES, **fields):
    sizes = dict(num_nodes=2, channels=2, cells_per_stage=1)
    sizes |= dict(num_classes=3, image_channels=1)
    return ConvNet(operations, **(sizes | fields))


@functools.partial(jax.jit, static_argnums=0)
def _init(net):
    return net.init(jax.random.key(0), method="declare")


@pytest.fixture(scope="module")
def images():
    return jax.random.normal(jax.random.key(1), (6, 8, 8, 1))


@pytest.fixture(scope="module")
def variables():
    return _init(_net())


@functools.cache
def _jitted(train):
    mutable = "batch_stats" if train else False
    return jax.jit(
        functools.partial(_net().apply, train=train, mutable=mutable),
    )


@pytest.fixture(scope="module")
def grads_of(images):
    """Gradients of a net of sep_conv_3x3 and identity, by architecture."""
    net = _net(("sep_conv_3x3", "identity"))
    variables = _init(net)

    @jax.jit
    def grad_fn(arch):
        def loss_fn(params):
            scores, _ = net.apply(
                variables | {"params": params},
                images,
                arch,
                train=True,
                mutable="batch_stats",
            )
            return (scores * jnp.arange(scores.size).reshape(scores.shape)).sum()

        return jax.grad(loss_fn)(variables["params"])["net"]

    return lambda arch: jax.device_get(grad_fn(jnp.asarray(arch, jnp.int32)))


def _scores(variables, images, arch):
    return _jitted(False)(variables, images, jnp.asarray(arch))


@pytest.mark.parametrize("cell", [0, 1], ids=["normal", "reduction"])
def test_every_operation_gives_an_output_of_its_own(variables, images, cell):
    """At stride 1 (a normal cell) and at stride 2 (a reduction cell)."""
    outputs = []
    for operation in range(len(NAMES)):
        arch = ARCH.copy()
        arch[cell, 0, 0, 1] = operation
        outputs.append(np.asarray(_scores(variables, images, arch)))
    for i, one in enumerate(outputs):
        for other in outputs[:i]:
            assert not np.allclose(one, other)


@pytest.mark.parametrize("operation", range(len(NAMES)), ids=NAMES)
def test_operation_on_a_node_counts_in_a_reduction_cell(variables, images, operation):
    """A branch that reads a node there has stride 1, its own half of the switch."""
    arch = ARCH.copy()
    arch[1, 1, 0] = 2, operation
    other = arch.copy()
    other[1, 1, 0, 1] = (operation + 1) % len(NAMES)
    one, two = (_scores(variables, images, a) for a in (arch, other))
    assert not np.allclose(one, two)


@pytest.mark.parametrize("cell", [0, 1], ids=["normal", "reduction"])
def test_input_counts(variables, images, cell):
    outputs = []
    for source in range(3):
        arch = ARCH.copy()
        arch[cell, 1, 1, 0] = source
        outputs.append(np.asarray(_scores(variables, images, arch)))
    assert not np.allclose(outputs[0], outputs[1])
    assert not np.allclose(outputs[1], outputs[2])


def test_evaluation_uses_running_averages(variables, images):
    """Another image in the batch changes nothing; other averages change all."""
    scores = _scores(variables, images, ARCH)
    changed = _scores(variables, images.at[1:].mul(5), ARCH)
    np.testing.assert_allclose(scores[0], changed[0], rtol=1e-4, atol=1e-5)
    _, updates = _jitted(True)(variables, images, jnp.asarray(ARCH))
    moved = {"params": variables["params"]} | updates
    assert not np.allclose(scores, _scores(moved, images, ARCH))


@pytest.mark.slow
def test_jitted_equals_eager():
    net = _net(("avg_pool_3x3", "identity"), num_nodes=1)
    arch = jnp.array([[[[0, 0], [1, 1]]]] * 2)
    variables = _init(net)
    images = jax.random.normal(jax.random.key(1), (2, 4, 4, 1))
    apply = functools.partial(net.apply, train=False)
    expected = jax.jit(apply)(variables, images, arch)
    with jax.disable_jit():
        actual = apply(variables, images, arch)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_unused_parameters_get_no_gradient(grads_of):
    """Node 2 reads input 0, node 3 reads node 2: states 1 and 3 are loose ends."""
    grads = grads_of([[[[0, 1], [0, 0]], [[2, 0], [2, 0]]]] * 2)
    for name in ("normal_0", "reduction_1"):
        combine = grads[name]["combine"]
        is_used = np.abs(combine.reshape(4, -1)).sum(1) > 0
        np.testing.assert_array_equal(is_used, [False, True, False, True])
    # sep_conv_3x3 comes first in the vector of a branch: 84 values by 3 channels,
    # here 2 (9 c + c^2 + 2 c) for the 2 channels of the first stage.
    (branches,) = grads["normal_0"]["branches"]
    np.testing.assert_array_equal(np.abs(branches[1:, :52]).sum(1) > 0, True)
    np.testing.assert_array_equal(branches[1:, 52:], 0)
    # The first branch is the identity, which has no parameters at stride 1.
    np.testing.assert_array_equal(branches[0], 0)


@pytest.mark.slow
def test_counted_parameters_are_those_with_a_gradient(grads_of):
    """A ReLU that is dead for all pixels of so small a net hides a few."""
    arch = np.array([[[[1, 0], [1, 1]], [[2, 1], [2, 0]]]] * 2, np.int32)
    leaves = jax.tree.leaves(grads_of(arch))
    with_grad = sum(int(np.count_nonzero(leaf)) for leaf in leaves)
    counted = count_parameters(_net(("sep_conv_3x3", "identity")), arch)
    assert 0.85 * counted <= with_grad <= counted


@pytest.mark.slow
def test_equal_cells_are_stacked(images):
    net = _net(("avg_pool_3x3", "identity"), num_nodes=1, cells_per_stage=2)
    arch = jnp.array([[[[0, 0], [1, 1]]]] * 2)
    variables = _init(net)
    assert variables["params"]["net"]["normal_0"]["calibrate"].shape == (2, 2, 2, 2)
    scores = jax.jit(functools.partial(net.apply, train=False))(variables, images, arch)
    assert scores.shape == (6, 3)
