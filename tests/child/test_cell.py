import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import parameters
from nao.child.cell import Cell, loose_ends, pad_channels, take_states
from nao.child.operations import OPERATIONS
from nao.spaces import OPERATION_SETS
from tests.child import comparing

CELL = Cell(
    ("avg_pool_3x3", "identity"), 2, 2, (6, 6), is_reduction=False, min_states=3
)


def as_cell(arch):
    return tuple(tuple(map(tuple, node)) for node in np.asarray(arch).tolist())


def draw_arch(seed, num_operations, num_nodes=2):
    """Draws an architecture in which both inputs are read."""
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, np.arange(num_nodes)[:, None] + 2, (num_nodes, 2))
    sources[0] = rng.permutation(2)
    operations = rng.integers(0, num_operations, (num_nodes, 2))
    return np.stack([sources, operations], -1).astype(np.int32)


@functools.cache
def grad_fn(cell):
    """Returns a function to gradients of parameters and inputs, and what is new."""

    def loss_fn(params, inputs, stats, arch, keep, weights):
        arch = arch if cell.arch is None else cell.arch
        output, new = cell.apply(params, stats, inputs, arch, True, keep)
        return (output * weights.reshape(output.shape)).sum(), (output, new)

    return comparing.quick_jit(jax.grad(loss_fn, (0, 1), has_aux=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "join", "is_reduction"),
    [
        ("every operation", "loose", True),
        ("enas", (3, 1), False),
        ("darts", "nodes", False),
    ],
    ids=str,
)
def test_universal_cell_equals_that_of_an_architecture(name, join, is_reduction):
    """Outputs, statistics and all gradients, with two branches of a batch dropped."""
    # Inputs of four states, so that any join may read what any other writes.
    names = OPERATION_SETS.get(name, tuple(OPERATIONS))
    cell = Cell(names, 2, 2, (8, 8), is_reduction, join, min_states=4)
    everything = [list(range(4))] * 2
    draw = comparing.quick_jit(lambda key: parameters.draw(key, cell.initial()))
    params = jax.device_get(draw(jax.random.key(0)))
    stats = jax.device_get(cell.init_stats())
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, 3, 5, 6, 8)).astype(np.float32)
    size = (3, 3) if is_reduction else (5, 6)
    weights = rng.normal(size=(3, *size, 4, 2)).astype(np.float32)
    keep = rng.integers(0, 2, (4, 3)).astype(np.float32)
    for seed in range(3):
        arch = draw_arch(seed, len(names))
        own = cell._replace(arch=as_cell(arch), min_states=0)
        positions = cell.positions(own)
        (grads, input_grads), (output, new) = jax.device_get(
            grad_fn(cell)(params, tuple(inputs), stats, arch, keep, weights)
        )
        own_params, own_stats = cell.extract(params, stats, own, everything)
        (own_grads, own_input_grads), (own_output, own_new) = jax.device_get(
            grad_fn(own)(
                own_params,
                tuple(inputs),
                own_stats,
                None,
                keep,
                weights[..., positions, :],
            )
        )
        output = output.reshape(weights.shape)[..., positions, :]
        comparing.assert_close(output.reshape(own_output.shape), own_output)
        comparing.assert_close(input_grads, own_input_grads)
        extracted = cell.extract(grads, new, own, everything)
        comparing.assert_close(extracted, (own_grads, own_new))


def test_loose_ends_by_hand():
    """Node 2 reads 0 and 0, node 3 reads 2 and 0: states 1 and 3 are left."""
    arch = jnp.array([[[0, 0], [0, 1]], [[2, 0], [0, 0]]])
    np.testing.assert_array_equal(loose_ends(arch), [0, 1, 0, 1])
    assert CELL._replace(arch=as_cell(arch)).joined == (1, 3)


@pytest.mark.parametrize(
    ("join", "universal", "own"),
    [("loose", (0, 1, 2, 3), (1, 3)), ("nodes", (2, 3), (2, 3)), ((3, 0),) * 3],
    ids=str,
)
def test_joined_states_by_hand(join, universal, own):
    """Universal outputs are padded to three states, as many as the stem's."""
    arch = as_cell([[[0, 0], [0, 1]], [[2, 0], [0, 0]]])
    cell = CELL._replace(join=join)
    alone = cell._replace(arch=arch, min_states=0)
    assert cell.joined == universal and alone.joined == own
    assert cell.out_channels == 2 * max(3, len(universal))
    assert alone.out_channels == 2 * len(own)
    assert [cell.joined[i] for i in cell.positions(alone)] == list(own)


def test_only_inputs_that_are_joined_are_reduced():
    cell = CELL._replace(is_reduction=True)
    arch = as_cell([[[0, 0], [0, 1]], [[2, 0], [0, 0]]])
    assert cell.reduced == (0, 1)
    assert cell._replace(arch=arch).reduced == (1,)
    assert cell._replace(join="nodes").reduced == ()
    assert CELL.reduced == ()


def test_branches_on_inputs_halve_in_reduction_cells():
    cell = CELL._replace(is_reduction=True)
    assert [cell.strides(source) for source in range(4)] == [(2,), (2,), (1,), (1,)]
    assert CELL.strides(0) == (1,)


def test_rows_of_states_are_taken_by_hand():
    """Three states of two channels: rows 4, 5 and 0, 1."""
    kernel = np.arange(6)[:, None]
    np.testing.assert_array_equal(take_states(kernel, [2, 0], 3).ravel(), [4, 5, 0, 1])
    assert pad_channels(jnp.ones((1, 2, 2, 3)), 5).sum() == 12


def test_a_cell_by_hand():
    """The first input comes calibrated: a node adds it to twice the second input."""
    arch = as_cell([[[1, 1], [1, 1]], [[0, 1], [2, 1]]])
    cell = CELL._replace(arch=arch, widths=(0, 6), min_states=0)
    inputs = None, jax.random.normal(jax.random.key(1), (1, 4, 4, 6))
    params = parameters.draw(jax.random.key(0), cell.initial())
    skip = jnp.ones((1, 4, 4, 2))
    output, _ = cell.apply(params, cell.init_stats(), inputs, arch, False, skip=skip)
    second, _ = parameters.apply_pointwise(
        params["calibrate_1"], parameters.init_running(1, 2), inputs[1], False, None
    )
    # The output comes rectified, as whatever reads it begins with a ReLU.
    expected = jax.nn.relu(1 + 2 * second)
    np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-5)


def test_multiply_adds_by_hand():
    """5x6 pixels halved to 3x3: both calibrations, one reduced input, 2 identities."""
    arch = as_cell([[[0, 1], [0, 0]], [[2, 1], [0, 1]]])
    cell = CELL._replace(arch=arch, is_reduction=True)
    calibrations = 5 * 6 * (6 + 6) * 2
    assert cell.num_multiply_adds((5, 6)) == calibrations + (1 + 2) * 3 * 3 * 2 * 2
