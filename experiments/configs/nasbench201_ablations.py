"""Takes NAO apart on NAS-Bench-201: one part less, or another in its place, each.

python launch.py --config=nasbench201_ablations --mode=benchmark \
    --config.table.path=cifar10.csv.gz --workdir=runs/ablations-cifar10

About ten minutes on 2 CPU cores; `nao.strategies.registry` says what each one changes.
"""

import dataclasses

import nasbench201

from nao.config import BenchmarkConfig, Config
from nao.strategies.registry import ABLATIONS


def get_config() -> Config:
    """Returns the config."""
    strategies = tuple(f"{name}:10:300" for name in ("nao", *ABLATIONS))
    return dataclasses.replace(
        nasbench201.get_config(), benchmark=BenchmarkConfig(strategies)
    )
