"""What can be looked at: drawings of cells, figures, and the page about a search."""

from nao.report.benchmark import draw_queries, draw_regret, draw_seconds, draw_test
from nao.report.cells import draw_architecture
from nao.report.files import save
from nao.report.page import write_page
from nao.report.progress import best_so_far, draw_progress
from nao.runs.reader import read

__all__ = [
    "best_so_far",
    "draw_architecture",
    "draw_progress",
    "draw_queries",
    "draw_regret",
    "draw_seconds",
    "draw_test",
    "read",
    "save",
    "write_page",
]
