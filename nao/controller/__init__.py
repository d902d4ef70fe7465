"""Encoder, predictor and decoder of architectures, their fit, and latent ascent."""

from nao.controller.config import PAPER, PRESETS, ControllerConfig
from nao.controller.controller import Controller, Params
from nao.controller.fit import History
from nao.controller.latent import Goal
from nao.controller.latent_space import LatentSpace

__all__ = [
    "PAPER",
    "PRESETS",
    "Controller",
    "ControllerConfig",
    "Goal",
    "History",
    "LatentSpace",
    "Params",
]


def __dir__() -> list[str]:
    return __all__
