"""What the program is doing, and who hears of it."""

import pytest

from nao.system import stages


def test_a_listener_hears_stages_and_what_goes_on_after_them():
    heard = []
    with stages.heard_by(lambda *told: heard.append(told)):
        stages.tell("round 0")
        with stages.stage("compiling", is_line=True):
            pass
        with pytest.raises(ValueError), stages.stage("fitting"):
            raise ValueError
    stages.tell("nobody listens")
    assert heard == [
        ("round 0", False),
        ("compiling", True),
        ("round 0", False),
        ("fitting", False),
        ("round 0", False),
    ]
