"""What fails beside the main thread is told in a line."""

import asyncio
import concurrent.futures
import ctypes
import gc
import logging
import subprocess
import sys
import textwrap
import threading

import pytest
from absl import logging as absl_logging

from nao.system import threads


@pytest.fixture
def told(monkeypatch):
    """Tells failures in a line, for this test alone."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    names = ("asyncio", "concurrent.futures")
    loggers = [absl_logging.get_absl_logger(), *map(logging.getLogger, names)]
    for logger in loggers:
        monkeypatch.setattr(logger, "filters", list(logger.filters))
    threads.tell_failures_in_a_line()


def test_a_future_that_finds_its_loop_closed_is_a_line(told, caplog):
    """Orbax's writing outlives the loop it reports to, on a machine with much to do."""
    loop, future = asyncio.new_event_loop(), concurrent.futures.Future()
    loop.close()
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(print))
    future.set_result(None)
    (record,) = (found for found in caplog.records if "futures" in found.name)
    assert record.getMessage().startswith("exception calling callback for")
    assert record.exc_info is None and record.exc_text is None


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


@pytest.mark.skipif(sys.platform == "win32", reason="needs the program as a library")
def test_what_a_library_prints_in_the_middle_of_a_call_is_a_line(told, caplog, capsys):
    """TensorStore does where a future of its own finds Orbax's loop closed."""
    with caplog.at_level(logging.INFO, logger="absl"):
        ctypes.PyDLL(None).PyRun_SimpleString(b"raise RuntimeError('Event loop')")
    assert caplog.messages == ["In MainThread: Event loop"]
    assert "Traceback" not in capsys.readouterr().err


def test_what_nothing_can_catch_is_a_line(told, caplog, capsys):
    """TensorStore gives such on as ignored, too, from its own threads."""

    class Future:
        def __del__(self):
            raise RuntimeError("Event loop is closed\nand more")

    with caplog.at_level(logging.INFO, logger="absl"):
        Future()
        gc.collect()
    assert caplog.messages == ["In MainThread: Event loop is closed"]
    assert "Traceback" not in capsys.readouterr().err


def test_what_ends_the_program_keeps_its_traceback():
    ended = """
        from nao.system import threads
        threads.tell_failures_in_a_line()
        raise RuntimeError("a fault of ours")
    """
    command = [sys.executable, "-c", textwrap.dedent(ended)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("RuntimeError: a fault of ours\n")
