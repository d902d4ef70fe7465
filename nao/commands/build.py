"""From a config to the objects that it names."""

from absl import logging

from nao import evaluators, spaces, strategies
from nao.config import Config
from nao.evaluators.base import SourcedEvaluator
from nao.strategies import Strategy
from nao.system import hosts

_IN_TURN = ("enas", "nao_ws")  # learn from scores what the weights learn on


def use_devices(config: Config) -> None:
    """Makes every CPU core a device, where the config trains children.

    Must come before anything asks JAX for its devices.
    """
    if config.evaluator in evaluators.TRAINED:
        hosts.use_cpu_devices(config.num_devices)


def evaluator(config: Config) -> SourcedEvaluator:
    """Returns the evaluator that a config names; its `space` is the space to search.

    Raises:
        ValueError: If a name is unknown, or the parts do not fit.
    """
    return evaluators.make(config.evaluator, config, spaces.make(config.space))


def strategy(config: Config, evaluator: SourcedEvaluator) -> Strategy:
    """Returns the strategy that a config names, for what an evaluator can measure.

    Raises:
        ValueError: If the name is unknown, or space, budgets, goals or evaluator do not
            suit it.
    """
    _check_derived(config.strategy, evaluator)
    _warn_of_no_turns(config)
    goals = config.goals(evaluator)
    return strategies.make(
        config.strategy,
        evaluator.space,
        config,
        config.deduplicate,
        getattr(evaluator, "budgets", ()),
        None if goals.is_plain else goals,
    )


def _check_derived(name: str, evaluator: SourcedEvaluator) -> None:
    """Raises ValueError where a strategy and what a mixture derives do not fit."""
    needed = getattr(evaluator, "strategy", None)
    if name in strategies.DERIVED and needed is None:
        raise ValueError(
            f"strategy={name} asks for what evaluator=mixture derives, so it needs "
            "evaluator=mixture."
        )
    if needed not in (None, name):
        raise ValueError(
            f"evaluator=mixture needs strategy=darts with mixture.relaxation=softmax, "
            f"or gdas with gumbel; got strategy={name}, which does not fit."
        )


def _warn_of_no_turns(config: Config) -> None:
    """Says where a strategy that takes turns with shared weights would take none."""
    if config.evaluator != "shared" or config.strategy not in _IN_TURN:
        return
    if not config.shared.epochs_a_round:
        logging.warning(
            "With shared.epochs_a_round=0 the weights learn before the first round "
            "alone, so nothing of what %s learns comes back to them.",
            config.strategy,
        )
    num_seed_archs = config.nao_ws.num_seed_archs
    if config.strategy == "nao_ws" and config.num_trials <= num_seed_archs:
        logging.warning(
            "num_trials=%d ends within the first round of nao_ws, which is at random: "
            "nao_ws.num_seed_archs=%d.",
            config.num_trials,
            num_seed_archs,
        )
