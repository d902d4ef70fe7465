"""Which network trains the architectures of a space."""

import importlib

import flax.linen as nn

from nao.child.recipe import ChildConfig
from nao.data.dataset import ImageDataset
from nao.spaces import SPACES, Space, registry


def make_net(space: Space, dataset: ImageDataset, config: ChildConfig) -> nn.Module:
    """Returns the network for any architecture of a space.

    Args:
        space: One whose class names a `network`.
        dataset: What it learns.
        config: How large it is.

    Raises:
        ValueError: If the space has no network, or an operation is unknown.
    """
    if not space.network:
        known = filter(registry.network, SPACES)
        raise ValueError(
            f"Children are trained in the spaces {', '.join(known)}, got "
            f"{space.name!r}."
        )
    return network_class(space.network).of(
        space,
        channels=config.channels,
        cells_per_stage=config.cells_per_stage,
        num_classes=dataset.num_classes,
        image_shape=dataset.image_shape,
    )


def network_class(name: str) -> type[nn.Module]:
    """Returns the class that a space names as "module:Class".

    Raises:
        ValueError: If there is none.
    """
    module, _, kind = name.partition(":")
    try:
        return getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"There is no network {name!r}: {error}.") from None


def known_networks() -> dict[str, type[nn.Module]]:
    """Returns the networks of the registered spaces, by the names of their classes."""
    names = filter(None, map(registry.network, SPACES))
    return {kind.__name__: kind for kind in map(network_class, names)}
