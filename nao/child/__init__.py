"""The network that tokens describe: primitives, networks, training."""

from nao.child.conv_net import ConvNet
from nao.child.recipe import ChildConfig, FinalConfig
from nao.child.trained import TrainedChild
from nao.child.training import ChildFailure, ChildTrainer

__all__ = [
    "ChildConfig",
    "ChildFailure",
    "ChildTrainer",
    "ConvNet",
    "FinalConfig",
    "TrainedChild",
]


def __dir__() -> list[str]:
    return __all__
