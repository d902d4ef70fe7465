"""Children that need more memory than there is: failures of theirs, not of a search."""

import contextlib
from collections.abc import Iterator

import jax

from nao.child.training import ChildFailure

_OUT_OF_MEMORY = "RESOURCE_EXHAUSTED"  # the status in the text of such errors of XLA


@contextlib.contextmanager
def as_failures() -> Iterator[None]:
    """Turns a lack of memory, on a device or the host, into a failure of the child.

    Any other error of the runtime is no child's fault, and passes through.

    Raises:
        ChildFailure: If memory ran out.
    """
    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        text = str(error)
        if not isinstance(error, MemoryError) and _OUT_OF_MEMORY not in text:
            raise
        reason = "".join(f": {line}" for line in text.splitlines()[:1])
        raise ChildFailure(f"out of memory{reason}") from None
