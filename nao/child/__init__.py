"""The network that tokens describe: primitives, network, training."""

from nao.child.recipe import ChildConfig
from nao.child.training import ChildFailure

__all__ = ["ChildConfig", "ChildFailure"]
