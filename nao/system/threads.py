"""What fails in libraries' own threads, in one line each."""

import logging as standard_logging
import sys
import threading
from types import TracebackType

from absl import logging


def tell_failures_in_a_line() -> None:
    """Makes an exception in a thread, and what is logged of one, a single line.

    Orbax and TensorBoard write in threads of their own; where the disk is full, all of
    them say so with a traceback, and the search itself too.
    """
    threading.excepthook = _tell
    sys.excepthook = _tell_foreign
    sys.unraisablehook = _tell_ignored
    # Orbax writes in tasks of asyncio, too, which logs what nobody has waited for, and
    # what it finds closed is logged by the futures that call it.
    others = map(standard_logging.getLogger, ("asyncio", "concurrent.futures"))
    for logger in (logging.get_absl_logger(), *others):
        if not any(isinstance(found, _FirstLine) for found in logger.filters):
            logger.addFilter(_FirstLine())


class _FirstLine(standard_logging.Filter):
    """Cuts messages to their first line."""

    def filter(self, record: standard_logging.LogRecord) -> bool:
        """Keeps every record, without what follows its first line."""
        record.msg, record.args = record.getMessage().strip().partition("\n")[0], ()
        record.exc_info = record.exc_text = None
        return True


def _tell(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_type is SystemExit:
        return
    name = failed.thread.name if failed.thread else "a thread"
    _log(name, failed.exc_type, failed.exc_value)


def _tell_foreign(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tells of an exception that the interpreter would print.

    What a library's C++ can't give on to anybody comes here too: in threads that it has
    begun, or in the middle of a call. What ends the program has no caller any more.
    """
    thread = threading.current_thread()
    if thread is threading.main_thread() and sys._getframe().f_back is None:
        sys.__excepthook__(kind, error, trace)
    else:
        _log(thread.name, kind, error)


def _tell_ignored(ignored: "sys.UnraisableHookArgs") -> None:
    """Tells of an exception that nothing can catch: a callback of C++ may raise one."""
    _log(threading.current_thread().name, ignored.exc_type, ignored.exc_value)


def _log(thread: str, kind: type[BaseException], error: BaseException | None) -> None:
    logging.info("In %s: %s", thread, str(error).strip() or kind.__name__)
