"""What a search leaves to look at in its folder: the page, and figures as files."""

import pathlib

from nao.report import front
from nao.report.drawing import draw_architecture, draw_front, draw_progress, save
from nao.report.page import write_page
from nao.runs import StoredRun
from nao.runs.writing import writing


def write_report(run: StoredRun) -> pathlib.Path:
    """Writes `report.html` and `figures/` of a run into its folder.

    Returns:
        Path of the page.

    Raises:
        ValueError: If something can't be written.
    """
    figures = {}
    if run.trials:
        figures["progress"] = draw_progress(run.trials, run.objective, run.goals)
    if front.is_shown(run):
        figures["front"] = draw_front(run.trials, run.goals)
    if run.best is not None:
        figures["best"] = draw_architecture(run.space, run.best.tokens)
    folder = run.path / "figures"
    with writing(folder):
        for name, figure in figures.items():
            save(figure, folder / name)
    return write_page(run)
