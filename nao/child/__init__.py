"""The network that tokens describe: tasks, primitives, networks, training."""

from nao.child.conv_net import ConvNet
from nao.child.flax_net import FlaxNet
from nao.child.image_task import Classification, ImageTask
from nao.child.network import ChildNet, Output
from nao.child.recipe import ChildConfig, FinalConfig, TrainingConfig
from nao.child.staged_net import StagedNet
from nao.child.task import Task
from nao.child.text_task import TextTask
from nao.child.trained import TrainedChild
from nao.child.training import ChildFailure, ChildTrainer

__all__ = [
    "ChildConfig",
    "ChildFailure",
    "ChildNet",
    "ChildTrainer",
    "Classification",
    "ConvNet",
    "FinalConfig",
    "FlaxNet",
    "ImageTask",
    "Output",
    "StagedNet",
    "Task",
    "TextTask",
    "TrainedChild",
    "TrainingConfig",
]


def __dir__() -> list[str]:
    return __all__
