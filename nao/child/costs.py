"""What an architecture costs, counted without building it."""

import numpy as np

from nao.child.conv_net import NUM_STAGES, ConvNet
from nao.child.operations import get_operations


def count_parameters(net: ConvNet, arch: np.ndarray) -> int:
    """Counts the parameters that one architecture uses.

    Its own operations at the strides it has them, and of the convolutions that join
    a cell's states those of its loose ends; what the universal program carries for
    other architectures does not count.

    Args:
        net: The network.
        arch: int32 [2, num_nodes, 2, 2].
    """
    operations = get_operations(net.operations)

    def count_cell(stage: int, is_reduction: bool) -> int:
        c = net.channels * 2**stage
        cell = np.asarray(arch)[int(is_reduction)]
        loose = set(range(net.num_nodes + 2)) - set(cell[:, :, 0].ravel().tolist())
        # Two calibrations, one combination, each with scales and biases.
        total = 2 * c * (c // 2 if is_reduction else c) + len(loose) * c * c + 6 * c
        for source, operation in cell.reshape(-1, 2).tolist():
            stride = 2 if is_reduction and source < 2 else 1
            total += operations[operation].num_parameters(c, stride)
        if is_reduction:
            # A cell input that no node reads is brought to half its size.
            total += len(loose & {0, 1}) * (c * c + 2 * c)
        return total

    total = 9 * net.image_channels * net.channels + 2 * net.channels
    for stage in range(NUM_STAGES):
        c = net.channels * 2**stage
        total += net.cells_per_stage * count_cell(stage, is_reduction=False)
        if stage:
            total += count_cell(stage, is_reduction=True) + c * c // 2 + 2 * c
    return total + c * net.num_classes + net.num_classes
