"""The child in PyTorch computes what the project's own network does."""

import functools
import importlib

import jax
import numpy as np
import pytest

from nao.child import ConvNet
from nao.spaces import ConvCell
from tests.child import comparing

torch = pytest.importorskip("torch", reason="needs PyTorch, which is no requirement")

# Not before it is known that there is PyTorch.
torch_net = importlib.import_module("experiments.benchmarks.torch_net")

OPERATIONS = ConvCell("enas").operations
# Both cells of each leave an input loose, and both together have every operation at
# both strides; operations are numbered as in `OPERATIONS`.
ARCHS = [
    [
        [[[1, 0], [1, 1]], [[2, 2], [1, 4]]],
        [[[1, 4], [1, 0]], [[2, 3], [1, 2]]],
    ],
    [
        [[[0, 3], [0, 4]], [[0, 1], [0, 2]]],
        [[[0, 3], [0, 1]], [[0, 4], [2, 4]]],
    ],
]


@pytest.fixture(autouse=True)
def one_thread():
    # Several that wait for each other take longer than the tiny shapes.
    torch.set_num_threads(1)


def own_net(arch, cells_per_stage, size):
    net = ConvNet(OPERATIONS, 2, 4, cells_per_stage, 10, (size, size, 3))
    return net.specialise(np.array(arch))


def own_variables(net):
    """Returns variables whose scales differ from 1 and biases from 0."""
    variables = jax.device_get(comparing.init(net))
    params = jax.tree.map(
        lambda x: x + 0.1 * np.cos(np.arange(x.size)).reshape(x.shape),
        variables["params"],
    )
    return variables | {"params": params}


@functools.partial(comparing.quick_jit, static_argnums=0)
def own_scores(net, variables, images):
    (scores, _), _ = net.apply(
        variables, images, None, train=True, mutable="batch_stats"
    )
    return scores


def images_of(size):
    rng = np.random.default_rng(0)
    return rng.standard_normal((4, size, size, 3), np.float32)


def fill(module, kernels, norms):
    """Copies kernels, in the order of convolutions, and norms [num, 2, channels]."""
    convolutions = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    for convolution, kernel in zip(convolutions, kernels, strict=True):
        shape = convolution.weight.shape
        # Ours is [height, width, channels in, features], without what is 1.
        kernel = np.reshape(kernel, (*shape[2:], shape[1], shape[0]))
        convolution.weight.data = tensor(kernel.transpose(3, 2, 0, 1))
    of_norms = [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm, (scale, bias) in zip(of_norms, norms, strict=True):
        norm.weight.data, norm.bias.data = tensor(scale), tensor(bias)


def tensor(array):
    return torch.from_numpy(np.array(array, np.float32, order="C"))


def halves(module, kernel):
    """Returns one kernel [channels in, features], or both of a reduction."""
    is_reduction = isinstance(module, torch_net.Reduction)
    return np.split(kernel, 2, 1) if is_reduction else [kernel]


def fill_conv_norm(module, params):
    fill(module, halves(module, params["kernel"]), params["norm"])


def fill_branch(module, packing, vector):
    kernels, norms = packing.unpack(0, vector)
    if "pointwise" in kernels:
        return fill(module, halves(module, kernels["pointwise"]), norms)
    # Ours has all depthwise kernels before all pointwise ones.
    num = len(kernels) // 2
    pairs = [(f"depthwise_{i}", f"pointwise_{i}") for i in range(num)]
    fill(module, [kernels[name] for pair in pairs for name in pair], norms)


def fill_net(child, net, params):
    """Copies the parameters of our specialised network into the one of PyTorch."""
    fill(child.stem, [params["stem"]["kernel"]], params["stem"]["norm"])
    for cell, (stage, number) in zip(child.cells, net.layout.places, strict=True):
        kind = "reduction" if number is None else "stage"
        own = params[f"{kind}_{stage}"]
        own = own if number is None else own[number]
        own = {"calibrate_0": params.get(f"skip_{stage}"), **own}
        for i, module in enumerate(cell.calibrate):
            fill_conv_norm(module, own[f"calibrate_{i}"])
        for i, module in cell.reduce.items():
            fill_conv_norm(module, own[f"reduce_{i}"])
        packings = net.layout.cell(stage, number).packings
        for branch in zip(cell.branches, packings, own["branches"], strict=True):
            fill_branch(*branch)
    child.head.weight.data = tensor(params["head"].T)
    child.head.bias.data = tensor(params["head_bias"])


@pytest.mark.parametrize(
    ("arch", "cells", "size"), [(ARCHS[0], 2, 8), (ARCHS[1], 1, 7)]
)
def test_it_computes_what_the_specialised_network_does(arch, cells, size):
    net, images = own_net(arch, cells, size), images_of(size)
    variables = own_variables(net)
    expected = own_scores(net, variables, images)
    child = torch_net.TorchNet(arch, 4, cells, 10)
    fill_net(child, net, variables["params"]["net"])
    actual = child(tensor(images.transpose(0, 3, 1, 2)))
    np.testing.assert_allclose(actual.detach(), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("cells", [1, 2])
@pytest.mark.parametrize("arch", ARCHS)
def test_it_has_as_many_parameters(arch, cells):
    child = torch_net.TorchNet(arch, 4, cells, 10)
    sizes = [parameter.numel() for parameter in child.parameters()]
    assert sum(sizes) == own_net(arch, cells, 8).num_parameters()


def test_norms_have_the_decay_and_epsilon_of_ours():
    """PyTorch's momentum is the share of what is new."""
    norm = torch_net.norm(4)
    assert norm.momentum == pytest.approx(1 - 0.9) and norm.eps == 1e-5
