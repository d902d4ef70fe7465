"""Search networks whose edges are mixtures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child import parameters
from nao.child.branches import Packing
from nao.child.conv_net import ConvNet
from nao.child.discretise import one_hot
from nao.child.mixed_conv_net import MixedConvNet, cell_edges
from nao.child.mixed_topology_net import MixedTopologyNet
from nao.child.topology_net import TopologyNet
from nao.spaces import OPERATION_SETS, ConvCell, NASBench201
from tests.child import comparing

CELLS = ConvCell(("none", "identity", "conv_1x1"), num_nodes=2, join="nodes")
SIZES = dict(channels=2, cells_per_stage=1, num_outputs=3, image_shape=(6, 5, 1))
IMAGES = jax.random.normal(jax.random.key(1), (3, 6, 5, 1))


def test_darts_search_network_has_its_published_number_of_parameters():
    """8 cells of 16 channels, reductions at 2 and 5: as its released code counts."""
    net = MixedConvNet(OPERATION_SETS["darts"], 4, 16, 2, 10, (32, 32, 3), "nodes")
    assert net.num_parameters() == 1_930_618
    assert net.weights_shape == (2, 14, 8)
    places = net.layout.places
    assert [i for i, (_, number) in enumerate(places) if number is None] == [2, 5]


def test_nodes_read_all_states_before_them():
    edges = cell_edges(2)
    assert edges.reads.tolist() == [0, 1, 0, 1, 2]
    assert edges.writes.tolist() == [2, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("join", "num_states"), [("loose", 2), ("nodes", 2), (((0, 2, 3), (3,)), 3)]
)
def test_loose_ends_are_all_nodes(join, num_states):
    """Normal cells of 2 channels come last, their widths times 4."""
    net = MixedConvNet(CELLS.operations, 2, join=join, **SIZES)
    assert net.layout.last.out_channels == num_states * 8
    weights = jnp.full(net.weights_shape, 1 / 3)
    variables = comparing.init(net)
    scores = comparing.evaluate_fn(net)(variables, IMAGES, weights)
    assert scores.shape == (3, 3) and np.isfinite(scores).all()


def _with_norm(part):
    return part | {"norm": parameters.draw(jax.random.key(0), _norm(part))}


def _norm(part):
    return parameters.scale_bias(1, part["kernel"].shape[-1])


def _own_vector(mixed, own, operation, vector):
    """Returns a branch's parameters, scales 1 and biases 0 at its end."""
    kernels, _ = mixed.unpack(operation, vector)
    parts = [jnp.ravel(kernel) for kernel in kernels.values()]
    num = own.size - sum(part.size for part in parts)
    return jnp.concatenate([*parts, jnp.asarray(own.mean[own.size - num :])])


def _own_cell(cell, own, params, stats):
    """Picks the variables of an architecture's cell out of those of a mixture."""
    edges, vectors, running = cell_edges(cell.num_nodes), [], []
    branches = [
        (read, 2 + node, op) for node, pair in enumerate(own.arch) for read, op in pair
    ]
    for (read, write, op), packing in zip(branches, own.packings, strict=True):
        edge = np.flatnonzero((edges.reads == read) & (edges.writes == write))[0]
        group = next(g for g, (_, mask) in enumerate(cell.groups) if mask[edge])
        row = cell.groups[group][1][:edge].sum()
        vector = params["branches"][group][row]
        vectors.append(_own_vector(cell.packings[group], packing, op, vector))
        running.append(stats["branches"][group][row][op][: packing.num_norms])
    own_params = {k: _with_norm(v) for k, v in params.items() if k != "branches"}
    return own_params | {"branches": vectors}, stats | {"branches": running}


def test_weights_on_one_architecture_compute_its_own_network():
    """Poolings, which have a norm in mixtures alone, are not among the operations."""
    tokens = CELLS.parse("0 2 1 1 0 1 2 2 | 0 1 1 2 1 2 2 1")
    (arch,) = CELLS.architecture(tokens[None])
    mixed = MixedConvNet(CELLS.operations, 2, join="nodes", **SIZES)
    own = ConvNet(CELLS.operations, 2, join="nodes", **SIZES).specialise(arch)
    variables = comparing.init(mixed)
    params, stats = (dict(variables[k]["net"]) for k in ("params", "batch_stats"))
    for stage, number in mixed.layout.places:
        name = f"stage_{stage}" if number is not None else f"reduction_{stage}"
        cells = mixed.layout.cell(stage, number), own.layout.cell(stage, number)
        if number is None:
            params[f"skip_{stage}"] = _with_norm(params[f"skip_{stage}"])
            params[name], stats[name] = _own_cell(*cells, params[name], stats[name])
        else:
            pairs = _own_cell(*cells, params[name][0], stats[name][0])
            params[name], stats[name] = ([one] for one in pairs)
    expected = comparing.evaluate_fn(own)(
        {"params": {"net": params}, "batch_stats": {"net": stats}}, IMAGES, arch
    )
    weights = one_hot(CELLS, tokens)
    actual = comparing.evaluate_fn(mixed)(variables, IMAGES, weights)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    single = comparing.evaluate_fn(mixed.clone(one_path=True))
    actual = single(variables, IMAGES, weights)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_a_mixture_of_nasbench201_holds_its_cells():
    """A pooling has a norm in mixtures alone, so the cell has none."""
    space = NASBench201()
    arch = np.array([3, 1, 0, 2, 2, 1], np.int32)
    mixed = MixedTopologyNet(space.operations, **SIZES)
    own = TopologyNet(space.operations, **SIZES).specialise(arch)
    variables = comparing.init(mixed)
    params, stats = (dict(variables[k]["net"]) for k in ("params", "batch_stats"))
    for stage in range(3):
        name, channels = f"stage_{stage}", 2 * 2**stage
        packing = Packing(space.operations, channels, (1,), affine=False)
        alone = [Packing((space.operations[op],), channels, (1,)) for op in arch]
        params[name] = [
            [
                _own_vector(packing, one, op, params[name][0][edge])
                for edge, (op, one) in enumerate(zip(arch, alone, strict=True))
            ]
        ]
        stats[name] = [
            [
                stats[name][0][edge][op][: one.num_norms]
                for edge, (op, one) in enumerate(zip(arch, alone, strict=True))
            ]
        ]
    expected = comparing.evaluate_fn(own)(
        {"params": {"net": params}, "batch_stats": {"net": stats}}, IMAGES, arch
    )
    weights = np.eye(5, dtype=np.float32)[arch][None]
    actual = comparing.evaluate_fn(mixed)(variables, IMAGES, weights)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
