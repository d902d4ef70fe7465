"""Which network trains the architectures of a space."""

import importlib

from nao.child.network import ChildNet
from nao.child.recipe import TrainingConfig
from nao.child.task import Task
from nao.spaces import SPACES, Space, registry


def make_net(
    space: Space,
    task: Task,
    config: TrainingConfig,
    network: type[ChildNet] | None = None,
) -> ChildNet:
    """Returns the network for any architecture of a space.

    Args:
        space: The space; its class names a `network`, unless one is given.
        task: What it learns.
        config: How large it is.
        network: What makes the network by its `of`; None for that of the space.

    Raises:
        ValueError: If the space has no network, or the network can't learn the task.
    """
    if network is None and not space.network:
        known = filter(registry.network, SPACES)
        raise ValueError(
            f"Children are trained in the spaces {', '.join(known)}; another needs a "
            f"network of its own, got {space.name!r}."
        )
    network = network or network_class(space.network)
    return network.of(space, task, config)


def network_class(name: str) -> type[ChildNet]:
    """Returns the class that a space names as "module:Class".

    Raises:
        ValueError: If there is none.
    """
    module, _, kind = name.partition(":")
    try:
        return getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"There is no network {name!r}: {error}.") from None


def known_networks() -> dict[str, type[ChildNet]]:
    """Returns the networks of the registered spaces, by the names of their classes."""
    names = filter(None, map(registry.network, SPACES))
    return {kind.__name__: kind for kind in map(network_class, names)}
