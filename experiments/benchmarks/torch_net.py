"""The network that one would write for one architecture: plain PyTorch layers.

What `child_speed.py` measures the project's own networks against: the network of
`plain_net.py`, of the same cells and as many parameters, from `nn.Conv2d`,
`nn.BatchNorm2d` and PyTorch's poolings. Written from the papers (Luo et al., 2018,
arXiv:1808.07233, and for reductions Zoph et al., 2018, arXiv:1707.07012).

Images are [batch, channels, height, width]. What differs: parameters start as PyTorch's
layers do, and its running variances are of n - 1 pixels, not of n.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.benchmarks.plain_net import OPERATIONS

NUM_INPUTS = 2  # of a cell, before its nodes
STEM_STATES = 3  # the stem is as wide as three states of a cell
IMAGE_CHANNELS = 3


class Place(NamedTuple):
    """Where a cell stands.

    Attributes:
        channels: Channels of its states.
        is_reduction: Whether it halves the image.
        is_after: Whether it is the first after a reduction cell, so that the cell
            before last gave it an image twice as high and wide.
    """

    channels: int
    is_reduction: bool
    is_after: bool

    def stride(self, source: int) -> int:
        """Returns the stride of a branch that reads state `source`."""
        return 2 if self.is_reduction and source < NUM_INPUTS else 1


def places(channels: int, cells_per_stage: int) -> Iterator[Place]:
    """Yields where the cells of three stages stand, a reduction between two stages."""
    for stage in range(3):
        for number in range(-1 if stage else 0, cells_per_stage):
            is_after = stage > 0 and number == 0
            yield Place(channels * 2**stage, number < 0, is_after)


def norm(channels: int) -> nn.BatchNorm2d:
    """Returns a batch norm; its `momentum` is 1 less the decay, 0.9."""
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)


def stem(channels: int) -> nn.Sequential:
    """Returns what maps images to the input of the first two cells."""
    width = STEM_STATES * channels
    convolution = nn.Conv2d(IMAGE_CHANNELS, width, 3, padding=1, bias=False)
    return nn.Sequential(convolution, norm(width))


def pointwise(width: int, channels: int) -> nn.Sequential:
    """Returns ReLU, pointwise convolution, norm."""
    convolution = nn.Conv2d(width, channels, 1, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, norm(channels))


class Reduction(nn.Module):
    """ReLU, factorized reduction, norm: two halves, the second shifted by a pixel."""

    def __init__(self, width: int, channels: int):
        super().__init__()
        features = channels // 2, channels - channels // 2
        self.halves = nn.ModuleList(
            nn.Conv2d(width, each, 1, stride=2, bias=False) for each in features
        )
        self.norm = norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Returns [batch, channels, half the height, half the width]."""
        x = F.relu(x)
        shifted = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        first, second = self.halves
        return self.norm(torch.cat([first(x), second(shifted)], 1))


def calibration(place: Place, source: int) -> Callable[[int, int], nn.Module]:
    """Returns what makes the layers that bring a cell's input to its channels."""
    return Reduction if place.is_after and source == 0 else pointwise


def separable(channels: int, size: int, stride: int) -> nn.Sequential:
    """Returns (ReLU, depthwise, pointwise, norm) twice; the first takes the stride."""
    layers = []
    for step in (stride, 1):
        options = {"padding": size // 2, "groups": channels, "bias": False}
        layers += [
            nn.ReLU(),
            nn.Conv2d(channels, channels, size, step, **options),
            nn.Conv2d(channels, channels, 1, bias=False),
            norm(channels),
        ]
    return nn.Sequential(*layers)


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """Returns an operation of `plain_net.OPERATIONS`."""
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, padding=1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
    if name == "identity":
        return nn.Identity() if stride == 1 else Reduction(channels, channels)
    return separable(channels, int(name[-1]), stride)


def loose_ends(cell: list) -> list[int]:
    """Returns the states that no node reads.

    Args:
        cell: [num_nodes, 2, 2]: node, branch, (input, operation).
    """
    read = {source for node in cell for source, _ in node}
    return [i for i in range(NUM_INPUTS + len(cell)) if i not in read]


class Cell(nn.Module):
    """A cell of one architecture [num_nodes, 2, 2]."""

    def __init__(self, arch: list, widths: list[int], place: Place):
        super().__init__()
        channels = place.channels
        self.arch, self.loose = arch, loose_ends(arch)
        self.width = len(self.loose) * channels
        self.calibrate = nn.ModuleList(
            calibration(place, i)(width, channels) for i, width in enumerate(widths)
        )
        self.branches = nn.ModuleList(
            operation(OPERATIONS[number], channels, place.stride(source))
            for node in arch
            for source, number in node
        )
        # Inputs that the output of a reduction cell joins are brought to its size.
        joined = [i for i in self.loose if place.stride(i) == 2]
        self.reduce = nn.ModuleDict(
            {f"{i}": Reduction(channels, channels) for i in joined}
        )

    def forward(self, s0: Tensor, s1: Tensor) -> Tensor:
        """Maps the cell before last and the last cell to its output."""
        first, last = self.calibrate
        states, branches = [first(s0), last(s1)], iter(self.branches)
        for (left, _), (right, _) in self.arch:
            states.append(next(branches)(states[left]) + next(branches)(states[right]))
        for i, reduce in self.reduce.items():
            states[int(i)] = reduce(states[int(i)])
        return torch.cat([states[i] for i in self.loose], 1)


class TorchNet(nn.Module):
    """Maps images to class scores, for one architecture [2, num_nodes, 2, 2]."""

    def __init__(
        self, arch: list, channels: int, cells_per_stage: int, num_classes: int
    ):
        super().__init__()
        self.stem = stem(channels)
        self.cells = nn.ModuleList()
        widths = [STEM_STATES * channels] * 2
        for place in places(channels, cells_per_stage):
            cell = Cell(arch[int(place.is_reduction)], widths[-2:], place)
            self.cells.append(cell)
            widths.append(cell.width)
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Returns scores [batch, num_classes]."""
        s0 = s1 = self.stem(images)
        for cell in self.cells:
            s0, s1 = s1, cell(s0, s1)
        return self.head(F.relu(s1).mean((2, 3)))
