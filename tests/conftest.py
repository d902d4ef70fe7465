"""Fixtures every test shares."""

import numpy as np
import pytest

from nao import spaces


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(
    params=[
        spaces.ConvCell(),
        spaces.ConvCell(num_nodes=2),
        spaces.NASBench201(),
        spaces.custom(
            {"kernel": (3, 5), "depth": (1, 2, 3), "norm": ("batch norm", "3")}
        ),
        spaces.custom({"only": ("choice",)}, name="single"),
    ],
    ids=lambda space: f"{space.name}-{space.length}",
)
def space(request):
    """Every space of the project; a new one is added here."""
    return request.param
