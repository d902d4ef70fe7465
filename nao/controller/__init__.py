"""Encoder, predictor and decoder of architectures, their fit, and latent ascent."""

from nao.controller.config import PAPER, PRESETS, ControllerConfig
from nao.controller.controller import Controller, Params
from nao.controller.fit import History

__all__ = [
    "PAPER",
    "PRESETS",
    "Controller",
    "ControllerConfig",
    "History",
    "Params",
]
