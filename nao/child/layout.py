"""Which cells a convolutional network has, and how wide what they read is.

Cells stand in a row: normal ones in three stages, a reduction cell before the second
and the third stage. Each reads the outputs of the two cells before it (the stem's,
twice, at the start), so its input widths depend on what those cells join. A cell is
addressed by its stage and its number in the stage, None for the reduction cell before.
"""

import dataclasses

from nao.child.cell import Arch, Cell
from nao.child.staged_net import NUM_STAGES, stage_channels
from nao.spaces.conv_cell import Join

# The stem's output has three times the channels of the first stage, as in the released
# code: as many as three states of a cell.
STEM_STATES = 3


@dataclasses.dataclass(frozen=True)
class Layout:
    """The cells of a network; fields are those of `ConvNet` of the same names."""

    operations: tuple[str, ...]
    num_nodes: int
    channels: int
    cells_per_stage: int
    join: Join
    arch: tuple[Arch, Arch] | None
    axis_name: str | None

    @property
    def places(self) -> list[tuple[int, int | None]]:
        """The (stage, number) of all cells, in their order; None is a reduction."""
        normal = range(self.cells_per_stage)
        places = [(0, i) for i in normal]
        for stage in range(1, NUM_STAGES):
            places += [(stage, i) for i in (None, *normal)]
        return places

    @property
    def is_looped(self) -> bool:
        """Whether the cells of a stage are equal, and run in one loop."""
        return self.arch is None and self.cells_per_stage > 1

    @property
    def is_stacked(self) -> bool:
        """Whether variables of a stage's cells are stacked along a new first axis."""
        return self.arch is None

    @property
    def last(self) -> Cell:
        """The cell that the classifier reads."""
        return self.cell(*self.places[-1])

    @property
    def stem_width(self) -> int:
        """Channels of the stem's output, as the first cells read it."""
        if self.arch is None:
            # Padded to a cell's width: a loop's inputs must be as wide as its outputs.
            return self.bare_cell(0, 0).out_channels
        return STEM_STATES * self.channels

    def skip_width(self, stage: int) -> int:
        """Channels of what skips over the reduction cell of a stage, at its start."""
        return self.bare_cell(stage - 1, 0).out_channels

    def cell(self, stage: int, number: int | None) -> Cell:
        """Returns a normal cell of a stage, or where `number` is None its reduction."""
        widths = self._widths(stage, number)
        return self.bare_cell(stage, number)._replace(widths=widths)

    def bare_cell(self, stage: int, number: int | None) -> Cell:
        """Returns a cell without the widths of its inputs, which depend on others."""
        kind = int(number is None)  # 0 normal, 1 reduction
        return Cell(
            self.operations,
            self.num_nodes,
            channels=stage_channels(self.channels, stage),
            widths=(0, 0),
            is_reduction=number is None,
            join=self.join if isinstance(self.join, str) else self.join[kind],
            arch=None if self.arch is None else self.arch[kind],
            axis_name=self.axis_name,
            min_states=self._min_states if self.arch is None else 0,
        )

    @property
    def _min_states(self) -> int:
        """Number of states that the stem and all universal cells are padded to.

        Equal cells in a loop read outputs of normal and of reduction cells, which may
        join different numbers of states.
        """
        joins = () if isinstance(self.join, str) else self.join
        return max([STEM_STATES, *map(len, joins)])

    def _widths(self, stage: int, number: int | None) -> tuple[int, int]:
        """Channels of both inputs of a cell, 0 for a first one that comes calibrated.

        In the loop over equal universal cells that one has the width of the others.
        """
        places = self.places
        place = places.index((stage, number))
        first, last = (
            self.bare_cell(*places[p]).out_channels if p >= 0 else self.stem_width
            for p in (place - 2, place - 1)
        )
        if stage and number == 0:
            first = last if self.is_looped else 0
        return first, last
