"""What evaluators that learn before each round have in common."""

import contextlib
from collections.abc import Iterator, Sequence

from nao.child import ChildConfig, ChildFailure
from nao.evaluators import memory


@contextlib.contextmanager
def in_memory(who: str) -> Iterator[None]:
    """Gives a lesson that needs more memory than there is one line.

    Without it nothing can be measured, so it is no trial's failure.

    Args:
        who: Learns.

    Raises:
        ValueError: If memory ran out.
    """
    try:
        with memory.as_failures():
            yield
    except ChildFailure as failure:
        raise ValueError(
            f"{who} can't learn, {failure}; a smaller batch_size or network needs less."
        ) from None


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
        names: Fields that must be as they are by default: 0, false or 1.
        why: Why, in words.
    """
    for name in names:
        value, nothing = getattr(config, name), int(getattr(ChildConfig, name))
        if value != nothing:
            raise ValueError(f"{who} needs child.{name}={nothing}, {why}, got {value}.")
