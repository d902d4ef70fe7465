"""Searches convolutional cells for digits among pieces of others: the default.

python launch.py

The search of the config `digits` on harder images, on which cells differ by more than
two trainings of one cell do: experiments/results/signal/README.md has by how much.
Trains 60 children of 5 cells for 4 epochs each, 20 at random, then four rounds of 10
that NAO proposes. The best five are trained once more, and the best of them by the mean
is trained for 40 epochs and tested once. Nothing is downloaded.
"""

from nao.child import ChildConfig
from nao.config import Config
from nao.data import DataConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_finalists=5,
        data=DataConfig(name="cluttered_digits"),
        child=ChildConfig(epochs=4, learning_rate=0.05),
        nao=NAOConfig(num_seed_archs=20, round_size=10, process_turns=1),
    )
