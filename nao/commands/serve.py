"""Answers queries on an embedding as JSON over HTTP: `--mode=serve`."""

import pathlib

from nao import spaces
from nao.commands.request import Request
from nao.embedding import Embedding
from nao.integrations import serve
from nao.runs import reader


def run(request: Request) -> None:
    """Serves the embedding of a search, or a saved one, until interrupted."""
    path = request.require_workdir(
        "--mode=serve needs --workdir of a search, or a saved file."
    )
    load = Embedding.load if path.is_file() else Embedding.from_workdir
    serve.run(load(path, _space(request, path)), request.host, request.port)


def _space(request: Request, path: pathlib.Path) -> spaces.Space | None:
    """Returns the space where it has a rule, which no run holds but a config names.

    None for other spaces, and where there is no such config: of objects in Python.
    """
    if not request.is_config_given:
        if path.is_file():
            return None
        run = reader.read(path)
        if run.began_in_python or not isinstance(run.space, spaces.Constrained):
            return None
    space = spaces.make(request.config(of_run=True).space)
    return space if isinstance(space, spaces.Constrained) else None
