"""The supernet in PyTorch runs what an architecture chooses, and nothing else."""

import importlib

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch, which is no requirement")

# Not before it is known that there is PyTorch.
torch_net = importlib.import_module("experiments.benchmarks.torch_net")
torch_supernet = importlib.import_module("experiments.benchmarks.torch_supernet")

# Of the normal cell all nodes but one are read; the reduction cell joins an input.
ARCH = [
    [[[0, 3], [1, 4]], [[2, 1], [0, 2]]],
    [[[1, 3], [1, 0]], [[1, 4], [2, 4]]],
]


@pytest.fixture(autouse=True)
def one_thread():
    # Several that wait for each other take longer than the tiny shapes.
    torch.set_num_threads(1)


def supernet():
    torch.manual_seed(0)
    return torch_supernet.TorchSupernet(2, 4, 2, 10)


def images():
    return torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def copied(layer, states, into):
    """Copies what an architecture uses of a layer that holds weights of all states."""
    into.load_state_dict(layer.layer.state_dict() | layer.weights(states))


def child_of(net, arch):
    """Returns the child of an architecture with the weights of the supernet."""
    child = torch_net.TorchNet(arch, 4, 2, 10)
    child.stem.load_state_dict(net.stem.state_dict())
    read = [[0, 1, 2]] * 2
    for own, cell in zip(child.cells, net.cells, strict=True):
        for layer, states, into in zip(
            cell.calibrate, read[-2:], own.calibrate, strict=True
        ):
            copied(layer, states, into)
        for i, reduce in own.reduce.items():
            reduce.load_state_dict(cell.reduce[int(i)].state_dict())
        chosen = [branch for node in own.arch for branch in node]
        for into, branch, choice in zip(
            own.branches, cell.branches, chosen, strict=True
        ):
            into.load_state_dict(cell.chosen(branch, *choice).state_dict())
        read.append(own.loose)
    copied(net.head, read[-1], child.head)
    return child


def test_an_architecture_computes_what_its_child_does():
    net = supernet()
    child, x = child_of(net, ARCH), images()
    expected = child(x)
    torch.testing.assert_close(net(x, ARCH), expected)


def test_what_is_not_chosen_takes_no_part():
    """No gradients of other operations; inputs that are not joined are not reduced."""
    net = supernet()
    net(images(), ARCH).sum().backward()
    for cell in net.cells:
        arch = ARCH[int(cell.place.is_reduction)]
        chosen = [branch for node in arch for branch in node]
        for branch, choice in zip(cell.branches, chosen, strict=True):
            used = set(cell.chosen(branch, *choice).parameters())
            for parameter in branch.parameters():
                assert (parameter.grad is not None) == (parameter in used)
        for i, reduce in enumerate(cell.reduce):
            is_joined = i in torch_net.loose_ends(arch)
            assert (reduce.norm.num_batches_tracked == 1) == is_joined


def test_the_next_step_may_have_another_architecture():
    other = [ARCH[1], ARCH[0]]
    net = supernet()
    first, second = net(images(), ARCH), net(images(), other)
    assert first.shape == second.shape == (4, 10)
    assert not torch.allclose(first, second)
