"""Searches convolutional cells for handwritten digits.

python launch.py --config=digits

Trains 60 children of 5 cells for 5 epochs each: 20 at random, then four rounds of 10
that NAO proposes. The best is trained for 40 epochs and tested once. Took 5.5 minutes
on 2 slow CPU cores, a child on each; nothing is downloaded. Its cells differ by less
than two trainings of one cell do, so a search hardly pays: the config
`cluttered_digits` is the same search of images on which it does.
"""

from nao.config import Config
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(nao=NAOConfig(num_seed_archs=20, round_size=10, process_turns=1))
