import subprocess
import sys

import jax
import numpy as np
import optuna
import pytest

from nao import strategies
from nao.evaluators import Goals, Objective
from nao.runs import ledger, storage
from nao.strategies.quiet import quiet_optuna
from tests.searching import SPACE


@pytest.fixture(params=[optuna.logging.DEBUG, optuna.logging.ERROR])
def verbosity(request):
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(request.param)
    yield request.param
    optuna.logging.set_verbosity(before)


def test_a_users_verbosity_is_restored(verbosity):
    with pytest.raises(KeyError), quiet_optuna():
        assert optuna.logging.get_verbosity() >= optuna.logging.WARNING
        raise KeyError
    assert optuna.logging.get_verbosity() == verbosity


def test_what_nao_asks_of_optuna_is_quiet(verbosity, tmp_path, capfd):
    ledger.Ledger(storage.to_write(tmp_path, ""), SPACE, Goals((Objective("sum"),)))
    strategy = strategies.TPE(SPACE, strategies.TPEConfig(num_seed_archs=2))
    tokens = SPACE.sample(np.random.default_rng(0), 3)
    state = strategy.tell(strategy.init(jax.random.key(0)), tokens, np.arange(3.0))
    strategy.ask(jax.random.key(0), state)
    assert capfd.readouterr().err == ""
    assert optuna.logging.get_verbosity() == verbosity


def test_an_import_leaves_the_process_as_it_was():
    """Importing the sampler silenced the user's own studies."""
    script = """
import logging, optuna
optuna.logging.get_verbosity()  # Optuna sets itself up when it is first asked.
loggers = [logging.getLogger(), logging.getLogger("optuna")]
before = [logger.level for logger in loggers]
import nao.integrations.optuna, nao.runs.ledger
assert [logger.level for logger in loggers] == before
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
