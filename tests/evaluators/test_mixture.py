"""Mixtures of all architectures, and searches by what they derive."""

import jax
import numpy as np
import pytest

import nao
from nao import strategies
from nao.child import ChildConfig, FinalConfig
from nao.child.mixture_config import MixtureConfig
from nao.evaluators.mixture import MixtureEvaluator
from nao.spaces import ConvCell, NASBench201
from tests.child import bright

SPACE = ConvCell(("none", "identity", "conv_1x1"), num_nodes=1)
KEY = jax.random.key(0)
CHILD = ChildConfig(channels=2, batch_size=8)
DARTS = strategies.make("darts", SPACE, strategies.StrategySettings(), "none")


def evaluator(space=SPACE, child=CHILD, **fields):
    config = MixtureConfig(**{"epochs": 4, "learning_rate": 0.05} | fields)
    final = FinalConfig(epochs=1)
    return MixtureEvaluator(space, bright.dataset(), child, final, None, config)


def learned(own):
    return list(own.learn(own.init(KEY), None))


def test_it_learns_an_epoch_before_each_round_until_all_are_spent():
    own = evaluator(epochs=3, epochs_a_round=2)
    state = own.init(KEY)
    first, second = own.learn(state, None)
    assert [int(each["epoch"]) for each in (first, second)] == [1, 2]
    (again,) = own.learn(first, None)
    (last,) = own.learn(second, None)
    np.testing.assert_array_equal(again["weights"], second["weights"])
    assert last["epoch"] == 3 and not list(own.learn(last, None))


def test_an_evaluation_is_the_mixture_s_and_says_what_it_came_to():
    own = evaluator()
    (state,) = learned(own)
    tokens = own.derive(state)
    assert tokens.shape == (1, SPACE.length) and tokens.dtype == np.int32
    assert "none" not in SPACE.choices(tokens[0])
    (one,) = own.evaluate(tokens, None, state)
    for value in (one.value, one.metrics["cell_accuracy"]):  # of 20 images
        np.testing.assert_allclose(20 * value, round(20 * value), atol=1e-4)
    choices = SPACE.choices(tokens[0])
    assert one.metrics["num_skips"] == choices.count("identity")
    for kind in ("normal", "reduction"):
        weights = [one.metrics[f"weight_{kind}_{name}"] for name in SPACE.operations]
        np.testing.assert_allclose(sum(weights), 1, rtol=1e-5)
    own_weights = jax.nn.softmax(state["logits"])[1, :, 2].mean()
    np.testing.assert_allclose(weights[2], own_weights, rtol=1e-5)
    assert one.metrics["num_parameters"] > 0
    # Another cell has the same value, as the mixture is the same.
    other = SPACE.sample(np.random.default_rng(1), 1)
    (again,) = own.evaluate(other, None, state)
    assert again.value == one.value


def test_a_mixture_that_diverges_is_a_failed_trial():
    child = ChildConfig(channels=2, batch_size=8, learning_rate=1e30, grad_clip=1e30)
    own = evaluator(child=child)
    (state,) = learned(own)
    (one,) = own.evaluate(own.derive(state), None, state)
    assert one.value is None and "loss of the mixture is nan" in one.reason


def _out_of_memory(*arguments):
    raise MemoryError


def test_a_lack_of_memory_is_one_line_or_a_failed_trial(monkeypatch):
    own = evaluator()
    (state,) = learned(own)
    monkeypatch.setattr(own.mixture, "evaluate", _out_of_memory)
    (one,) = own.evaluate(own.derive(state), None, state)
    assert one.reason == "out of memory"
    monkeypatch.setattr(own.mixture, "learn", _out_of_memory)
    with pytest.raises(ValueError, match="The mixture can't learn, out of memory"):
        learned(own)


def test_nothing_to_choose_from_is_refused():
    with pytest.raises(ValueError, match="operations to choose from, got none"):
        evaluator(ConvCell(("none",), num_nodes=1))


def test_what_a_mixture_does_not_have_is_refused():
    for fields, message in [
        ({"auxiliary": 0.4}, "needs child.auxiliary=0, .* got 0.4"),
        ({"micro_batches": 2}, "needs child.micro_batches=1, whole batches, got 2"),
        ({"at_once": 3}, "needs child.at_once=1, one network to learn, got 3"),
    ]:
        with pytest.raises(ValueError, match=message):
            evaluator(child=ChildConfig(channels=2, batch_size=8, **fields))


def test_a_memory_limit_is_kept_before_anything_is_learned():
    child = ChildConfig(channels=2, batch_size=8, memory_limit_mib=0.01)
    with pytest.raises(ValueError, match=r"MiB, child\.memory_limit_mib is"):
        _ = evaluator(child=child).mixture


def interrupted(tokens, keys, state):
    """Takes the place of `evaluate`: ends the search in its second round."""
    if int(state["epoch"]) == 2:
        raise KeyboardInterrupt
    return evaluator().evaluate(tokens, keys, state)


def search(workdir, own, strategy=DARTS):
    result = nao.search(
        strategy, own, num_trials=4, workdir=workdir, progress=False, report=False
    )
    return [
        (t.tokens.tolist(), t.value, dict(t.evaluation.metrics)) for t in result.trials
    ]


@pytest.mark.slow
def test_a_search_is_an_epoch_a_trial_and_goes_on_where_it_was(tmp_path):
    whole = search(tmp_path / "whole", evaluator())
    assert len(whole) == 4 and whole[0] != whole[-1]
    own = evaluator()
    own.evaluate = interrupted
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "cut", own)
    assert search(tmp_path / "cut", evaluator()) == whole


@pytest.mark.slow
def test_nasbench201_by_gdas(tmp_path):
    space = NASBench201()
    own = evaluator(space, relaxation="gumbel")
    assert own.strategy == "gdas"
    strategy = strategies.make("gdas", space, strategies.StrategySettings(), "none")
    rows = search(tmp_path, own, strategy)
    assert len(rows) == 4
    assert {"weight_none", "weight_skip_connect", "num_skips"} <= rows[0][2].keys()
