"""Searches convolutional cells for handwritten digits: the default experiment.

python launch.py

Trains 60 children of 5 cells for 5 epochs each: 20 at random, then four rounds of 10
that NAO proposes. The best is trained for 40 epochs and tested once. Took 5.5 minutes
on 2 slow CPU cores, a child on each; nothing is downloaded. The README has the results
to expect.
"""

from nao.config import Config
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(nao=NAOConfig(num_seed_archs=20, round_size=10))
