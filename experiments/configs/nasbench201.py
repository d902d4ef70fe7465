"""Searches the cells of NAS-Bench-201 in a table of their results.

python launch.py --config=nasbench201 --config.table.path=cifar10.csv.gz

The table has a row per cell: `arch_str`, the benchmark's own string, `val200` and
`test200`, validation and test accuracy in percent after 200 epochs. Takes about 2
minutes on 2 CPU cores.
"""

from nao.config import Config, SpaceConfig
from nao.evaluators import TableConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=200,
        evaluator="table",
        deduplicate="sequence",
        space=SpaceConfig(name="nasbench201"),
        table=TableConfig(architecture="arch_str", objective="val200", test="test200"),
    )
