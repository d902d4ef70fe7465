"""What the JSON files of a run's folder hold, as far as their readers rely on it.

Fields with a default may be absent: a file may be older than the field.
"""

from typing import Annotated, Any

import pydantic

from nao.files import Shape
from nao.spaces.notation import ArchitectureShape

_Count = Annotated[int, pydantic.Field(ge=0)]
_Settings = Annotated[dict[str, Any], pydantic.Field(default_factory=dict)]


class Config(Shape):
    """`config.json`: the arguments of `nao.search`; all else is the user's."""

    num_trials: int = 0
    seed: int = 0
    max_cost: float = 0.0
    num_finalists: int = 1
    storage: str = ""
    warm_start: str = ""


class _SpaceConfig(Shape):
    name: str = ""


class LaunchedConfig(Config):
    """`config.json` of a search that `launch.py` began."""

    strategy: str = ""
    evaluator: str = ""
    space: _SpaceConfig = _SpaceConfig()
    data: _Settings
    table: _Settings
    function: _Settings


class Objective(Shape):
    """An `evaluators.Objective`."""

    name: str
    maximize: bool = True
    unit: str = ""
    drifts: bool = False


class Constraint(Shape):
    """An `evaluators.Constraint`."""

    name: str
    at_most: float | None = None
    at_least: float | None = None


class Record(Shape):
    """`search.json`: what was searched, for what, by whom, on what."""

    space: dict[str, Any]
    objective: Objective
    more_objectives: list[Objective] | None = None
    constraints: list[Constraint] | None = None
    strategy: str
    content: dict[str, str] | None = None
    source: str = ""
    num_examples: Annotated[dict[str, _Count], pydantic.Field(default_factory=dict)]
    example: str | None = None
    canonical: bool = True
    controller: dict[str, Any] | None = None
    recent: _Count = 0


class _Best(Shape):
    trial: _Count
    objective: float
    architecture: str
    values: list[float] | None = None  # where there are several, whose mean it is
    test: dict[str, float] | None = None


class Finalist(Shape):
    """One of the best few, measured again; `values` in that order."""

    trial: _Count
    architecture: str
    values: list[float]
    mean: float
    reason: str = ""


class Noise(Shape):
    """Standard deviations of values: between architectures, and of noise."""

    between: float
    within: float
    reliability: float | None


class _AtRandom(Shape):
    objective: float | None
    num_trials: _Count
    values: list[float] | None = None


class _Seconds(Shape):
    total: float  # of the last process; of all that ended:
    all_processes: float = 0.0
    evaluate: float
    controller: float
    trace: float
    compile: float
    first_child: float | None = None  # until its first trial was done


class _Compilations(Shape):
    __pydantic_extra__: dict[str, _Count]
    model_config = pydantic.ConfigDict(extra="allow")

    total: _Count


class Summary(Shape):
    """`summary.json`: what a search that ended, or was interrupted, came to."""

    finished: bool = False
    exhausted: bool = False
    is_spent: bool = False
    max_cost: float = 0.0
    space: str
    strategy: str
    evaluator: str
    seed: int
    objective: Objective
    num_trials: _Count
    num_failed: _Count
    cost: float | None = None
    best: _Best | None
    random_best: _AtRandom
    compilations: _Compilations
    seconds: _Seconds
    peak_rss_mib: float
    num_examples: Annotated[dict[str, _Count], pydantic.Field(default_factory=dict)]
    example: str | None = None
    how_tested: str = ""
    num_finalists: int = 1
    finalists: list[Finalist] | None = None
    noise: Noise | None = None


class Environment(Shape):
    """`environment.json`: versions and devices, which are shown and not used."""

    packages: _Settings


class Best(ArchitectureShape):
    """`best.json`: the best architecture so far."""


class Training(ArchitectureShape):
    """`train.json`: what the last final training came to."""

    # A folder beside the file, see `training.final.folder`, and no way out of there.
    training: Annotated[str, pydantic.Field(pattern="^train-[0-9a-f]+$")]
    metrics: dict[str, float]


class Result(Shape):
    """`result.json` of a finished training: its metrics, all of them numbers."""

    __pydantic_extra__: dict[str, float]
    model_config = pydantic.ConfigDict(extra="allow")

    train_loss: float
    num_parameters: float
    num_multiply_adds: float
    memory_mib: float


class TrialAttributes(Shape):
    """What a trial of the ledger has besides value, choices and metrics.

    Those with a default are absent where there is nothing to say.
    """

    index: _Count
    round: _Count
    round_size: Annotated[int, pydantic.Field(ge=1)]
    seconds: float
    predicted: float | None = None
    reason: str = ""
    traceback: str = ""
    budget: float | None = None
    is_full: bool = True
    cost: Annotated[float, pydantic.Field(ge=0)] = 1.0


class Again(Shape):
    """A further measurement of a trial's architecture."""

    value: float | None
    metrics: dict[str, float]
    seconds: float
    reason: str
    traceback: str


class WarmStart(Shape):
    """`warm_start.json`: the trials of an earlier run, as they were."""

    architectures: Annotated[list[str], pydantic.Field(min_length=1)]
    objective: list[float | None]
    values: list[list[float | None]] | None = None
