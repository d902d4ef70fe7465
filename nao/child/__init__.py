"""The network that tokens describe: primitives, network, training."""

from nao.child.training import ChildConfig, ChildFailure

__all__ = ["ChildConfig", "ChildFailure"]
