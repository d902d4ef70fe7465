"""Where a table is and what its columns mean, as the user chooses."""

import dataclasses
from collections.abc import Sequence

from nao.evaluators import base
from nao.fields import check_choice, documented, option, read_names

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
    budgets: str = option(
        "",
        "Columns measured with less: NUMBER:COLUMN, ascending, the objective's last: "
        "12:val12,200:val200. Strategies such as successive_halving choose of them.",
    )
    known: str = option(
        "",
        "Columns of the goals that need no measurement, comma-separated, such as the "
        "number of parameters: a search knows them of every design beforehand.",
    )
    unit: str = option("", "Unit of the objective, for figures; empty for none.")
    repeats: str = option(
        "refuse",
        "Several rows of one design, such as seeds: refuse is an error, mean searches "
        "by their mean and notes their standard deviation.",
    )
    sha256: str = option("", "SHA-256 that the file must have; empty accepts any file.")

    def __post_init__(self):
        check_choice("table.repeats", self.repeats, REPEATS)

    @property
    def slot_columns(self) -> tuple[str, ...]:
        """Names of the columns that hold a slot each.

        Raises:
            ValueError: If a quote is not closed.
        """
        return read_names("table.slots", self.slots)

    @property
    def known_columns(self) -> tuple[str, ...]:
        """Names of the columns that are known beforehand.

        Raises:
            ValueError: If a quote is not closed.
        """
        return read_names("table.known", self.known)

    @property
    def budget_columns(self) -> dict[float, str]:
        """Names of the columns of each budget, ascending, the objective's last.

        Raises:
            ValueError: If it is something else.
        """
        parts = [n.partition(":") for n in read_names("table.budgets", self.budgets)]
        try:
            found = {float(number): column.strip() for number, _, column in parts}
            base.checked_budgets("table.budgets", [float(n) for n, _, _ in parts])
        except (TypeError, ValueError):
            found = {}
        names = list(found.values())
        if parts and (not found or names[-1] != self.objective or not all(names)):
            raise ValueError(
                "table.budgets must be NUMBER:COLUMN, ascending, the last column "
                f"table.objective, {self.objective!r}; got {self.budgets!r}."
            )
        if self.test in names:
            raise ValueError(
                f"table.budgets must not read table.test, {self.test!r}, which is for "
                f"the final choice alone; got {self.budgets!r}."
            )
        return found


def check_settings(config: TableConfig, metrics: Sequence[str] = ()) -> None:
    """Raises ValueError where settings contradict each other, the file aside.

    Args:
        config: The settings.
        metrics: Columns read besides those that the settings name.
    """
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
    measures = {config.objective, config.test, *config.budget_columns.values()}
    measures |= {*metrics, *config.known_columns}
    if repeated or measures & set(config.slot_columns):
        raise ValueError(
            "table.slots must name each column once, and no column of a measure, "
            f"got {config.slots!r}."
        )
    if {config.objective, config.test} & set(config.known_columns):
        raise ValueError(
            "table.known must name neither table.objective nor table.test, got "
            f"{config.known!r}."
        )
    for name in metrics:
        if name in base.TAKEN and name != "seconds":
            raise ValueError(base.name_is_taken(name))
    if config.test in metrics:
        raise ValueError(
            f"Objectives and bounds must not read table.test, {config.test!r}, which "
            "is for the final choice alone."
        )
