"""All that a user can choose about an experiment, as one frozen dataclass.

A config file returns a `Config`; every field that is not a mapping can be overridden by
its dotted name, as `nao.round_size`.
"""

import dataclasses
import difflib
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from nao.child import ChildConfig, FinalConfig
from nao.data import DATASETS, check_amounts
from nao.evaluators import FunctionConfig, TableConfig
from nao.fields import check_at_least, option, part
from nao.spaces import SpaceConfig
from nao.strategies import (
    DEDUPLICATE,
    STRATEGIES,
    BananasConfig,
    EvolutionConfig,
    GPConfig,
    LocalSearchConfig,
    NAOConfig,
    RandomConfig,
    ReinforceConfig,
    TPEConfig,
)


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images children are trained on."""

    name: str = option(
        "digits",
        f"Data set: {', '.join(DATASETS)}; folder and npz are your own, and those "
        "between them and digits need mode=prepare once.",
    )
    path: str = option(
        "",
        "folder: class folders, or train and test folders of them. npz: the file. "
        "Others: where prepared sets are, empty for TFDS_DATA_DIR, else "
        "~/tensorflow_datasets; mnist, fashion_mnist: or a folder of their four files.",
    )
    archive: str = option(
        "", "mode=prepare: the published archive, or a folder with all; or empty."
    )
    validation_share: float = option(
        0.1,
        "Share of the training images that validation gets where the source has no "
        "such part, and test as well; digits keep their own.",
    )
    num_train: int = option(0, "Training images that are used; 0 is all.")
    num_validation: int = option(0, "Validation images that are used; 0 is all.")
    image_size: int = option(
        0, "folder: side in pixels that images are resized to; 0 is as they are."
    )
    sha256: str = option(
        "", "Of all images; a search fills it in, and continues on the same alone."
    )

    def __post_init__(self):
        amounts = (self.num_train, self.num_validation, self.image_size)
        check_amounts(self.validation_share, *amounts)


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What `--mode=benchmark` compares, on the table of the config."""

    strategies: tuple[str, ...] = option(
        ("nao", "evolution", "local_search", "random"),
        "What to compare, each as NAME, NAME:SEEDS or NAME:SEEDS:QUERIES.",
    )
    num_seeds: int = option(10, "Seeds of a strategy, 0, 1, 2, ...")
    stop_at_best: bool = option(
        True, "A run ends at the table's best value: no query could change it."
    )
    num_workers: int = option(0, "Processes at once; 0 is one for each CPU core.")

    def __post_init__(self):
        check_at_least(1, self, "num_seeds", prefix="benchmark.")
        check_at_least(0, self, "num_workers", prefix="benchmark.")
        if not self.strategies:
            raise ValueError("benchmark.strategies must name at least one strategy.")


@dataclasses.dataclass(frozen=True)
class Config:
    """An experiment."""

    seed: int = option(0, "Seed of everything random.")
    num_trials: int = option(60, "Budget of evaluations, the random round included.")
    strategy: str = option("nao", f"Who proposes: {', '.join(STRATEGIES)}.")
    evaluator: str = option(
        "training", "Where numbers come from: training, table or function."
    )
    deduplicate: str = option(
        "canonical",
        "What is never evaluated twice: canonical (the same function) or sequence.",
    )
    storage: str = option(
        "", "Optuna storage URL of the ledger; empty for SQLite in the workdir."
    )
    warm_start: str = option(
        "", "Workdir of an earlier run whose trials the strategy learns from; or empty."
    )
    num_devices: int = option(
        0,
        "Devices for children, one child each in a search; 0 is all there are. On CPU "
        "a device is a core, and 0 is at most 4.",
    )
    space: SpaceConfig = part(SpaceConfig)
    nao: NAOConfig = part(NAOConfig)
    random: RandomConfig = part(RandomConfig)
    local_search: LocalSearchConfig = part(LocalSearchConfig)
    evolution: EvolutionConfig = part(EvolutionConfig)
    reinforce: ReinforceConfig = part(ReinforceConfig)
    bananas: BananasConfig = part(BananasConfig)
    tpe: TPEConfig = part(TPEConfig)
    gp: GPConfig = part(GPConfig)
    data: DataConfig = part(DataConfig)
    child: ChildConfig = part(ChildConfig)
    table: TableConfig = part(TableConfig)
    function: FunctionConfig = part(FunctionConfig)
    train: FinalConfig = part(FinalConfig)
    benchmark: BenchmarkConfig = part(BenchmarkConfig)

    def __post_init__(self):
        check_at_least(1, self, "num_trials")
        check_at_least(0, self, "seed", "num_devices")
        if self.deduplicate not in DEDUPLICATE:
            raise ValueError(
                f"deduplicate must be one of {', '.join(DEDUPLICATE)}, "
                f"got {self.deduplicate!r}."
            )


class Leaf(typing.NamedTuple):
    """A field that can be overridden: dotted name, type, help and default."""

    name: str
    type: Any
    help: str
    default: Any


def leaves(cls: type = Config, prefix: str = "") -> Iterator[Leaf]:
    """Yields all fields of a config class that the command line can hold."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            yield from leaves(kind, f"{prefix}{field.name}.")
        elif kind in (bool, int, float, str) or typing.get_origin(kind) is tuple:
            help = field.metadata["help"].rstrip(".") + "."
            yield Leaf(f"{prefix}{field.name}", kind, help, field.default)


def override(config: Config, values: Mapping[str, Any]) -> Config:
    """Returns the config with the fields of the given dotted names replaced.

    Raises:
        ValueError: If there is no such field, or a value is out of range.
    """
    return from_dict(_nested(values), config)


def to_dict(config: Any) -> dict:
    """Returns the config as nested dictionaries of JSON values."""
    result = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            value = to_dict(value)
        elif isinstance(value, Mapping):
            value = {name: list(choices) for name, choices in value.items()}
        elif isinstance(value, tuple):
            value = list(value)
        result[field.name] = value
    return result


def from_dict(data: Mapping, default: Any = None) -> Any:
    """Builds a config from nested dictionaries; fields that are absent keep defaults.

    Raises:
        ValueError: If a field is unknown, or a value is out of range.
    """
    default = Config() if default is None else default
    if not isinstance(data, Mapping):
        raise ValueError(
            f"{type(default).__name__} must be given by an object, got {data!r}."
        )
    names = [field.name for field in dataclasses.fields(default)]
    changes = {}
    for name, value in data.items():
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]}" if close else f"known: {', '.join(names)}"
            raise ValueError(f"Unknown config field {name!r}; {hint}.")
        old = getattr(default, name)
        if dataclasses.is_dataclass(old):
            value = from_dict(value, old)
        elif isinstance(value, list):
            value = tuple(value)
        changes[name] = value
    return dataclasses.replace(default, **changes)


def _nested(values: Mapping[str, Any]) -> dict:
    result: dict = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        inner = result
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[leaf] = value
    return result
