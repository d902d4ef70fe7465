"""The kinds of `child_speed.py` that PyTorch runs, operation by operation, on CPU."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from experiments.benchmarks.child_kinds import (
    LEARNING_RATE,
    MOMENTUM,
    NUM_CLASSES,
    Kind,
    Program,
    Setting,
)
from experiments.benchmarks.torch_net import TorchNet
from experiments.benchmarks.torch_supernet import TorchSupernet


def child(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the network of one architecture."""
    sizes = setting.channels, setting.cells_per_stage, NUM_CLASSES

    def start(archs):
        (arch,) = archs.tolist()
        return _start(TorchNet(arch, *sizes), setting)

    return Program(start)


def supernet(setting: Setting, archs: np.ndarray) -> Program:
    """Makes the network that holds the operations of all architectures."""
    sizes = setting.channels, setting.cells_per_stage, NUM_CLASSES

    def start(archs):
        return _start(
            TorchSupernet(setting.num_nodes, *sizes), setting, *archs.tolist()
        )

    return Program(start)


KINDS = {"torch": Kind(child), "torch_supernet": Kind(supernet, is_universal=True)}


def _start(net: torch.nn.Module, setting: Setting, *arch: list) -> Callable[[], None]:
    """Returns what takes one step of training; `arch` is given to the network."""
    torch.set_num_threads(setting.torch_threads)
    images, labels = map(torch.from_numpy, setting.batch())
    images = images.permute(0, 3, 1, 2).contiguous()
    optimizer = torch.optim.SGD(net.parameters(), LEARNING_RATE, MOMENTUM)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(net(images, *arch), labels).backward()
        optimizer.step()

    return step
