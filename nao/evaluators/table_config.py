"""Where a table is and what its columns mean, as the user chooses."""

import csv
import dataclasses

from nao.fields import documented, option

REPEATS = ("refuse", "mean")


@documented
@dataclasses.dataclass(frozen=True)
class TableConfig:
    """Where a table is and what its columns mean."""

    path: str = option(
        "", "CSV file, plain or gzip, with a header line.", is_place=True
    )
    architecture: str = option(
        "", "Column with architectures in the space's notation; or give table.slots."
    )
    slots: str = option(
        "",
        "Comma-separated columns, one per slot of the space, in the slots' order; one "
        'with a comma in its name in quotes, "width, px".',
    )
    objective: str = option("", "Column with the measure to search by.")
    test: str = option(
        "", "Column with the test measure, read for the final choice; empty for none."
    )
    maximize: bool = option(True, "Whether a higher objective is better.")
    unit: str = option("", "Unit of the objective, for figures; empty for none.")
    repeats: str = option(
        "refuse",
        "Several rows of one design, such as seeds: refuse is an error, mean searches "
        "by their mean and notes their standard deviation.",
    )
    sha256: str = option("", "SHA-256 that the file must have; empty accepts any file.")

    def __post_init__(self):
        if self.repeats not in REPEATS:
            raise ValueError(
                f"table.repeats must be one of {', '.join(REPEATS)}, got "
                f"{self.repeats!r}."
            )

    @property
    def slot_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold a slot each.

        Raises:
            ValueError: If a quote is not closed.
        """
        try:
            # As a line of CSV, so that a name may hold what separates names.
            (names,) = csv.reader([self.slots], skipinitialspace=True, strict=True)
        except (csv.Error, ValueError) as error:
            raise ValueError(
                f"table.slots must be a line of CSV, got {self.slots!r}: {error}."
            ) from None
        return tuple(name.strip() for name in names if name.strip())


def check_settings(config: TableConfig) -> None:
    """Raises ValueError where settings contradict each other, the file aside."""
    if not config.path or not config.objective:
        raise ValueError(
            "A table needs table.path and table.objective, "
            f"got {config.path!r} and {config.objective!r}."
        )
    if bool(config.architecture) == bool(config.slots):
        raise ValueError(
            "A table needs one of table.architecture and table.slots, "
            f"got {config.architecture!r} and {config.slots!r}."
        )
    repeated = [c for c in config.slot_columns if config.slot_columns.count(c) > 1]
    # A slot that holds a measure would tell the controller the answer.
    measured = {config.objective, config.test} & set(config.slot_columns)
    if repeated or measured:
        raise ValueError(
            "table.slots must name each column once, and neither the objective nor "
            f"the test column, got {config.slots!r}."
        )
