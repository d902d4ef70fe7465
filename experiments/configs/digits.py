"""Searches convolutional cells for handwritten digits: the default experiment.

python launch.py

Trains 72 children of 5 cells for 5 epochs each, 24 of them at random, the rest proposed
by NAO in rounds of 12. Takes about 5 minutes on 2 CPU cores, the first time 1 more to
compile; nothing is downloaded. See the README for what to expect.
"""

from nao.config import Config


def get_config() -> Config:
    """Returns the config."""
    return Config()
