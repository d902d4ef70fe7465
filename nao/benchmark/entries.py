"""What a benchmark compares, as `benchmark.strategies` writes it."""

import dataclasses

from nao.config import Config
from nao.fields import check_at_least
from nao.strategies import registry


@dataclasses.dataclass(frozen=True)
class Entry:
    """A strategy to benchmark.

    Attributes:
        strategy: Registered name.
        num_seeds: Seeds 0 to `num_seeds - 1`.
        num_trials: Budget of distinct queries of a run.
    """

    strategy: str
    num_seeds: int
    num_trials: int

    def __post_init__(self):
        registry.check(self.strategy)
        prefix = f"benchmark.strategies, {self.strategy}: "
        check_at_least(1, self, "num_seeds", "num_trials", prefix=prefix)


def read_entries(config: Config) -> list[Entry]:
    """Reads `benchmark.strategies`.

    Raises:
        ValueError: If an entry is not `NAME`, `NAME:SEEDS` or `NAME:SEEDS:QUERIES`, or
            a strategy is unknown or stands twice.
    """
    found: dict[str, Entry] = {}
    for text in config.benchmark.strategies:
        name, *numbers = text.strip().split(":")
        if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
            raise ValueError(
                "benchmark.strategies must be NAME, NAME:SEEDS or NAME:SEEDS:QUERIES, "
                f"got {text!r}."
            )
        if name in found:
            raise ValueError(f"benchmark.strategies names {name!r} twice.")
        defaults = [config.benchmark.num_seeds, config.num_trials]
        found[name] = Entry(name, *map(int, numbers), *defaults[len(numbers) :])
    return list(found.values())
