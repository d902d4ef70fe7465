"""The network that one would write to train any architecture in PyTorch: a supernet.

It holds every operation at every place, as ENAS shares them (Pham et al., 2018,
arXiv:1802.03268); the architecture is an argument, and Python runs what it chooses and
nothing else. A branch of a reduction cell holds its operations for both strides.

What reads a cell's output holds weights for all states that may be loose ends, and
uses those of the states that are. So an architecture computes what `TorchNet` of
torch_net.py does.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from experiments.benchmarks.plain_net import OPERATIONS
from experiments.benchmarks.torch_net import (
    NUM_INPUTS,
    STEM_STATES,
    Place,
    Reduction,
    calibration,
    loose_ends,
    operation,
    places,
    stem,
)


class OfStates(nn.Module):
    """A layer with weights for all states that its input may join.

    Attributes:
        layer: The layer, as wide as all of them.
        num_states: How many they are.
    """

    def __init__(self, layer: nn.Module, num_states: int):
        super().__init__()
        self.layer = layer
        self.num_states = num_states

    def weights(self, states: list[int]) -> dict[str, Tensor]:
        """Returns by name the weights that read some of the states."""
        picked = {}
        for name, weight in self.layer.named_parameters():
            if weight.ndim > 1:  # [features, channels of all states, ...]; no norm's
                parts = weight.chunk(self.num_states, 1)
                picked[name] = torch.cat([parts[i] for i in states], 1)
        return picked

    def forward(self, x: Tensor, states: list[int]) -> Tensor:
        """Applies the layer to what joins these states."""
        return functional_call(self.layer, self.weights(states), (x,))


class SuperCell(nn.Module):
    """A cell for any architecture.

    Args:
        num_nodes: Its nodes.
        inputs: Of both inputs, how many states they may join and the channels of one.
        place: Where it stands.
    """

    def __init__(self, num_nodes: int, inputs: list[tuple[int, int]], place: Place):
        super().__init__()
        channels = place.channels
        self.place = place
        self.calibrate = nn.ModuleList(
            OfStates(calibration(place, i)(num * width, channels), num)
            for i, (num, width) in enumerate(inputs)
        )
        strides = (1, 2) if place.is_reduction else (1,)
        self.branches = nn.ModuleList(
            nn.ModuleDict({f"{s}": _all_operations(channels, s) for s in strides})
            for _ in range(2 * num_nodes)
        )
        num_reduced = NUM_INPUTS if place.is_reduction else 0
        self.reduce = nn.ModuleList(
            Reduction(channels, channels) for _ in range(num_reduced)
        )

    def forward(
        self, s0: tuple[Tensor, list[int]], s1: tuple[Tensor, list[int]], arch: list
    ) -> tuple[Tensor, list[int]]:
        """Maps the cell before last and the last cell to its output.

        Args:
            s0: What the cell before last joins, and which states these are.
            s1: The same of the last cell.
            arch: [num_nodes, 2, 2].
        """
        first, last = self.calibrate
        states, branches = [first(*s0), last(*s1)], iter(self.branches)
        for node in arch:
            left, right = (
                self.chosen(next(branches), *branch)(states[branch[0]])
                for branch in node
            )
            states.append(left + right)
        loose = loose_ends(arch)
        for i, reduce in enumerate(self.reduce):
            if i in loose:
                states[i] = reduce(states[i])
        return torch.cat([states[i] for i in loose], 1), loose

    def chosen(self, branch: nn.ModuleDict, source: int, number: int) -> nn.Module:
        """Returns the operation of a branch that reads state `source`."""
        return branch[f"{self.place.stride(source)}"][number]


def _all_operations(channels: int, stride: int) -> nn.ModuleList:
    return nn.ModuleList(operation(name, channels, stride) for name in OPERATIONS)


class TorchSupernet(nn.Module):
    """Maps images to class scores, for any architecture."""

    def __init__(
        self, num_nodes: int, channels: int, cells_per_stage: int, num_classes: int
    ):
        super().__init__()
        self.stem = stem(channels)
        self.cells = nn.ModuleList()
        num_states = NUM_INPUTS + num_nodes
        inputs = [(STEM_STATES, channels)] * 2
        for place in places(channels, cells_per_stage):
            self.cells.append(SuperCell(num_nodes, inputs[-2:], place))
            inputs.append((num_states, place.channels))
        head = nn.Linear(num_states * place.channels, num_classes)
        self.head = OfStates(head, num_states)

    def forward(self, images: Tensor, arch: list) -> Tensor:
        """Returns scores [batch, num_classes].

        Args:
            images: [batch, channels, height, width].
            arch: [2, num_nodes, 2, 2].
        """
        s0 = s1 = self.stem(images), list(range(STEM_STATES))
        for cell in self.cells:
            s0, s1 = s1, cell(s0, s1, arch[int(cell.place.is_reduction)])
        x, states = s1
        return self.head(F.relu(x).mean((2, 3)), states)
