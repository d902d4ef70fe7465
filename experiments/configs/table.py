"""Searches a table: one row per design, one column per decision.

python launch.py --config=table

The space is the table's: the values of each slot column are its choices. The table here
comes with the project, 729 cells trained on handwritten digits
(experiments/results/table/README.md). One of your own takes its place by

python launch.py --config=table --config.table.path=results.csv \
    --config.table.slots=depth,width,activation --config.table.objective=accuracy

A search takes about a minute on 2 CPU cores, and the comparison of strategies,
`--mode=benchmark --workdir=runs/compared`, about ten.
"""

from nao.config import BenchmarkConfig, Config
from nao.evaluators import TableConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=100,
        evaluator="table",
        deduplicate="sequence",
        space=SpaceConfig(name="table"),
        # No test column: a table of the user's own may have none.
        table=TableConfig(
            path="experiments/tables/digits_cells.csv",
            slots="1<-0,2<-0,2<-1,3<-0,3<-1,3<-2",
            objective="val_accuracy",
        ),
        nao=NAOConfig(num_seed_archs=20, round_size=10),
        benchmark=BenchmarkConfig(
            ("nao:20:200", "local_search:20:500", "evolution:20:500", "random:20:729")
        ),
    )
