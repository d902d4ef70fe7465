"""Searches a table of your own: one row per design, one column per decision.

python launch.py --config=table --config.table.path=results.csv \
    --config.table.slots=depth,width,activation --config.table.objective=accuracy

The space is the table's: the values of each slot column are its choices.
"""

from nao.config import Config
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=100,
        evaluator="table",
        deduplicate="sequence",
        space=SpaceConfig(name="table"),
        nao=NAOConfig(num_seed_archs=20, round_size=10),
    )
