import contextlib
import os
import signal

import pytest

from nao.system import interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_signal_is_remembered(number):
    handler = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupts.stoppable() as check:
        check()
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            pass  # As a callback from C code would.
        check()
    assert signal.getsignal(number) is handler


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_honoured_when_the_block_is_through(number):
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.stoppable():
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        done.append("the rest of the block")
    assert done
    with pytest.raises(ValueError), interrupts.stoppable():
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        raise ValueError  # What went wrong is said first.


def test_a_block_without_a_signal_is_left_alone():
    with interrupts.stoppable() as check:
        check()
