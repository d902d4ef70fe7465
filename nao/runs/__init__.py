"""A run's folder: what is written there while it runs, and the one reader of it."""

from nao.runs.directory import RunDirectory
from nao.runs.ledger import Ledger
from nao.runs.reader import StoredRun, read, read_config
from nao.runs.trial import Trial

__all__ = ["Ledger", "RunDirectory", "StoredRun", "Trial", "read", "read_config"]


def __dir__() -> list[str]:
    return __all__
