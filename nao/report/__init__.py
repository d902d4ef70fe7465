"""What can be looked at: drawings of cells, figures, and the page about a search."""

from nao.report.curves import best_so_far
from nao.report.drawing import (
    draw_architecture,
    draw_front,
    draw_progress,
    draw_queries,
    draw_ranking,
    draw_regret,
    draw_seconds,
    draw_test,
    save,
)
from nao.report.folder import write_report
from nao.report.page import write_page
from nao.runs.reader import read

__all__ = [
    "best_so_far",
    "draw_architecture",
    "draw_front",
    "draw_progress",
    "draw_queries",
    "draw_ranking",
    "draw_regret",
    "draw_seconds",
    "draw_test",
    "read",
    "save",
    "write_page",
    "write_report",
]


def __dir__() -> list[str]:
    return __all__
