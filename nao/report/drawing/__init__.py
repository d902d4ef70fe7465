"""What matplotlib draws: architectures, progress, benchmarks; and figures as files."""

from nao.report.drawing.benchmark import (
    draw_queries,
    draw_regret,
    draw_seconds,
    draw_test,
)
from nao.report.drawing.cells import MAX_WIDTH, draw_architecture
from nao.report.drawing.files import save, to_svg
from nao.report.drawing.front import draw_front
from nao.report.drawing.progress import draw_progress
from nao.report.drawing.ranking import draw_ranking

__all__ = [
    "MAX_WIDTH",
    "draw_architecture",
    "draw_front",
    "draw_progress",
    "draw_queries",
    "draw_ranking",
    "draw_regret",
    "draw_seconds",
    "draw_test",
    "save",
    "to_svg",
]


def __dir__() -> list[str]:
    return __all__
