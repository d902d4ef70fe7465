"""Searches the cells of NAS-Bench-201 in a table of their results.

python launch.py --config=nasbench201 --config.table.path=cifar10.csv.gz

The table has a row per cell: `arch_str`, the benchmark's own string, `val200` and
`test200`, validation and test accuracy in percent after 200 epochs; how to make it is
in experiments/results/nasbench201/README.md. Takes about a minute on 2 CPU cores. All
strategies of that page take half an hour:

python launch.py --config=nasbench201 --config.table.path=cifar10.csv.gz \
    --mode=benchmark --workdir=runs/benchmark-cifar10
"""

from nao.config import BenchmarkConfig, Config
from nao.evaluators import TableConfig
from nao.spaces import SpaceConfig

# Fifty seeds of what is cheap, fewer of what is not.
STRATEGIES = (
    *("nao:50:300", "bananas:50:300", "gp:20:200", "tpe:10:200"),
    *("local_search:50:2000", "evolution:50:2000"),
    *("reinforce:50:1000", "random:50:1000"),
)


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=200,
        evaluator="table",
        deduplicate="sequence",
        space=SpaceConfig(name="nasbench201"),
        table=TableConfig(
            architecture="arch_str", objective="val200", test="test200", unit="%"
        ),
        benchmark=BenchmarkConfig(STRATEGIES),
    )
