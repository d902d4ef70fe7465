"""What evaluators that learn before each round have in common."""

from collections.abc import Sequence

from nao.child import ChildConfig


def epochs_ahead(done: int, a_round: int, num: int) -> range:
    """Returns the epochs, from 0, that are left of the lesson before a round.

    Args:
        done: Epochs done; within a lesson, the others of it are left.
        a_round: Epochs of a lesson; 0 for all in the first.
        num: Epochs in all rounds together.
    """
    a_round = a_round or num
    return range(done, min(done - done % a_round + a_round, num))


def check_without(
    who: str, config: ChildConfig, names: Sequence[str], why: str
) -> None:
    """Raises ValueError where the recipe of children has what nobody here knows.

    Args:
        who: Whose recipe it is to be.
        config: The recipe.
        names: Fields that must be 0 or false.
        why: Why, in words.
    """
    for name in names:
        if getattr(config, name):
            raise ValueError(
                f"{who} needs child.{name}=0, {why}, got {getattr(config, name)}."
            )
