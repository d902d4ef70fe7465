"""Which network trains the architectures of a space."""

from nao.child.conv_net import ConvNet, Join
from nao.child.operations import get_operations
from nao.child.recipe import ChildConfig
from nao.child.topology_net import TopologyNet
from nao.data.dataset import ImageDataset
from nao.spaces import ConvCell, NASBench201, Space
from nao.spaces.nasbench201 import OPERATIONS


def make_net(
    space: Space, dataset: ImageDataset, config: ChildConfig, join: Join | None = None
) -> ConvNet | TopologyNet:
    """Returns the network for any architecture of a space.

    Args:
        space: `ConvCell` or `NASBench201`.
        dataset: What it learns.
        config: How large it is.
        join: What cells join, in place of what those of the space do.

    Raises:
        ValueError: If the space has no network, or an operation is unknown.
    """
    shape = {
        "channels": config.channels,
        "cells_per_stage": config.cells_per_stage,
        "num_classes": dataset.num_classes,
        "image_shape": dataset.image_shape,
    }
    if isinstance(space, ConvCell):
        get_operations(space.operations)
        join = space.join if join is None else join
        return ConvNet(space.operations, space.num_nodes, join=join, **shape)
    if isinstance(space, NASBench201):
        return TopologyNet(OPERATIONS, **shape)
    raise ValueError(
        "Children are trained in the spaces conv_cell and nasbench201, got "
        f"{space.name!r}."
    )
