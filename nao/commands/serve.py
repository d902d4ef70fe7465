"""Answers queries on an embedding as JSON over HTTP: `--mode=serve`."""

from nao.commands.request import Request
from nao.embedding import Embedding
from nao.integrations import serve


def run(request: Request) -> None:
    """Serves the embedding of a search, or a saved one, until interrupted."""
    path = request.require_workdir(
        "mode=serve needs --workdir of a search, or a saved file."
    )
    load = Embedding.load if path.is_file() else Embedding.from_workdir
    serve.run(load(path), request.host, request.port)
