"""Figures: the cells of an architecture, the progress of a search, a benchmark."""

from nao.report.benchmark import draw_queries, draw_regret, draw_seconds, draw_test
from nao.report.cells import draw_architecture
from nao.report.files import save
from nao.report.progress import best_so_far, draw_progress

__all__ = [
    "best_so_far",
    "draw_architecture",
    "draw_progress",
    "draw_queries",
    "draw_regret",
    "draw_seconds",
    "draw_test",
    "save",
]
