"""The search loop: rounds that are asked, evaluated, told and written down."""

from nao.search.ask_tell import AskTell
from nao.search.loop import Result
from nao.search.study import search

__all__ = ["AskTell", "Result", "search"]
