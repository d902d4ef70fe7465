"""Where queries wait their turn: bounded, and light ones apart from heavy ones."""

import asyncio
import threading
from collections.abc import Callable
from concurrent import futures
from typing import TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """A query that would wait too long, or has taken too long; try again later."""


class Lane:
    """Runs queries one after the other: one uses every core already.

    In a thread of its own, so that whoever waits here holds up nobody else. A thread
    can't be stopped: a query that takes too long is answered, and its result dropped
    when it comes.
    """

    def __init__(self, most_waiting: int, seconds: float):
        """Opens a lane.

        Args:
            most_waiting: Queries that may wait, besides the one that runs.
            seconds: Longest time from asking to the answer.
        """
        self._most, self._seconds = most_waiting + 1, seconds
        self._threads = futures.ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._num = 0

    async def run(self, query: Callable[[], T]) -> T:
        """Returns what a query returns, or raises what it raises.

        Raises:
            BusyError: If too many wait already, or the time is up.
        """
        with self._lock:
            if self._num >= self._most:
                raise BusyError
            self._num += 1
        future = self._threads.submit(query)
        future.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError:
            raise BusyError from None

    def _leave(self, future: futures.Future) -> None:
        del future
        with self._lock:
            self._num -= 1
