"""What fails beside the main thread is told in a line."""

import asyncio
import gc
import logging
import sys
import threading

import pytest
from absl import logging as absl_logging

from nao.system import threads


@pytest.fixture
def told(monkeypatch):
    """Tells failures in a line, for this test alone."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    loggers = [absl_logging.get_absl_logger(), logging.getLogger("asyncio")]
    for logger in loggers:
        monkeypatch.setattr(logger, "filters", list(logger.filters))
    threads.tell_failures_in_a_line()


def test_a_task_that_nobody_waited_for_is_a_line(told, caplog):
    """A full disk ends such a task of Orbax's; asyncio logs its whole traceback."""

    async def write():
        raise OSError("No space left on device")

    async def forget():
        task = asyncio.create_task(write())
        await asyncio.sleep(0)
        del task

    asyncio.run(forget())
    gc.collect()
    (record,) = (found for found in caplog.records if found.name == "asyncio")
    assert record.getMessage() == "Task exception was never retrieved"
    assert record.exc_info is None and record.exc_text is None
