"""The search that a config describes, as `launch.py` runs it."""

import itertools

from nao.commands.search import run_search
from nao.config import Config
from nao.evaluators import FunctionConfig
from nao.spaces import SpaceConfig

_calls = itertools.count()


def noisy(choices):
    """Another number each time it is called."""
    return choices["a"] + 0.1 * (next(_calls) % 3)


def test_a_config_with_finalists_measures_them(tmp_path):
    config = Config(
        num_trials=6,
        num_finalists=3,
        strategy="random",
        evaluator="function",
        space=SpaceConfig(name="custom", slots={"a": range(9)}),
        function=FunctionConfig(name=f"{__name__}:noisy"),
    )
    result = run_search(config, tmp_path)
    assert len(result.summary["finalists"]) == 3
    assert "The best three, measured again" in (tmp_path / "report.html").read_text()
