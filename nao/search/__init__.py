"""The search loop: rounds that are asked, evaluated, told and written down."""

from nao.search.ask_tell import AskTell
from nao.search.result import Result

__all__ = ["AskTell", "Result"]


def __dir__() -> list[str]:
    return __all__
