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
