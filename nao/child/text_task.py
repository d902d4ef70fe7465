"""Language modelling: what comes next in a text, token by token."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import optax

from nao.child.reading import NONE
from nao.child.task import Task
from nao.data.examples import Examples
from nao.data.text_dataset import TextDataset
from nao.types import Array

# In the README of an exported network, beside those of `nao.training.export`.
_SAMPLING = """
It writes a text of its own, token by token, each drawn by its probability:

```python
import json
import numpy as np

about = json.loads(pathlib.Path("child/child.json").read_text())
vocabulary, units = about["task"]["vocabulary"], about["network"]["units"]
rng, written = np.random.default_rng(0), [0]
carry = np.zeros((1, units), np.float32)
for _ in range(200):
    token = np.array([written[-1:]], np.int32)
    scores, carry = network.call(token, carry)
    chances = np.exp(np.asarray(scores[0, -1], np.float64))
    written.append(int(rng.choice(len(chances), p=chances / chances.sum())))
print("{between}".join(vocabulary[token] for token in written))
```
"""


@dataclasses.dataclass(frozen=True)
class TextTask(Task):
    """Windows of a text; the network foretells each token from all before it.

    An example is a window: `window` tokens, int32, and as targets the tokens that
    follow each of them, int32, -1 beyond the end. A network returns scores, float32
    [batch, window, num_outputs], and carries its state on to the next window, so where
    a window ends does not matter to what is measured.

    Of the validation and the test part every token but the first is foretold exactly
    once, and perplexity is exact: `exp(nats / tokens)` of the whole part. In training
    what is left of the last window is dropped, as what is left of the last batch is;
    the windows of a row are one text there, that is read in others where their lengths
    are drawn.

    Attributes:
        text: The text, with its vocabulary; None in compiled programs.
        window_spread: Standard deviation of the lengths of training windows, in tokens,
            see `reading.draw_length`; 0 has all of one length.
    """

    text: TextDataset | None = dataclasses.field(
        default=None, compare=False, repr=False
    )
    window_spread: int = 0

    objective: ClassVar[str] = "perplexity"
    example: ClassVar[str] = "window"
    carries: ClassVar[bool] = True
    # As DARTS validates; more of them are faster, but more tokens are foretold from a
    # fresh state.
    evaluate_batch: ClassVar[int] = 10

    @classmethod
    def of(cls, text: TextDataset, window: int, window_spread: int = 0) -> "TextTask":
        """Returns the task to foretell a text, in windows of so many tokens.

        Raises:
            ValueError: If the training part is shorter than one.
        """
        num = len(text.train) - 1
        if not 1 <= window <= num:
            raise ValueError(
                f"window must be 1 to {num}, the {text.unit} that follow another in "
                f"the training part of {text.name}, got {window}."
            )
        parts = {
            "train": _windows(text.train[: num // window * window + 1], window),
            "validation": _windows(text.validation, window),
            "test": _windows(text.test, window),
        }
        return cls(text.name, parts, None, len(text.vocabulary), text, window_spread)

    @property
    def rules(self) -> "TextTask":
        """The task without its data: what compiled programs are fixed to."""
        bare = super().rules
        object.__setattr__(bare, "text", None)
        return bare

    @property
    def reports(self) -> tuple[str, ...]:
        """Names of all that is measured."""
        return tuple(self.summarise({"nats": 0.0, "tokens": 1.0}))

    def sha256(self) -> str:
        """Returns the SHA-256 of the text, whatever windows it is cut into."""
        return self.text.sha256()

    def loss(self, outputs: Array, targets: Array) -> Array:
        """Returns nats for a token, the mean over each window, float32 [batch]."""
        return self.metrics(outputs, targets)["nats"] / targets.shape[1]

    def metrics(self, outputs: Array, targets: Array) -> dict[str, Array]:
        """Returns the nats of each window, and of how many tokens, float32 [batch]."""
        counts = targets != NONE
        nats = optax.softmax_cross_entropy_with_integer_labels(
            outputs.astype(jnp.float32), jnp.where(counts, targets, 0)
        )
        return {
            "nats": jnp.where(counts, nats, 0).sum(1),
            "tokens": counts.sum(1).astype(jnp.float32),
        }

    def summarise(self, means: Mapping[str, float]) -> dict[str, float]:
        """Returns nats for a token, perplexity and, of characters, bits for one."""
        loss = means["nats"] / means["tokens"]
        with np.errstate(over="ignore"):  # infinite then: a child that failed
            found = {"loss": loss, "perplexity": float(np.exp(loss))}
        if self.text.unit == "characters":
            found["bits_per_character"] = loss / float(np.log(2))
        return found

    def describe(self) -> dict[str, Any]:
        """Returns what an export says of the task, its vocabulary among it."""
        return super().describe() | {
            "unit": self.text.unit,
            "vocabulary": list(self.text.vocabulary),
            "usage": _SAMPLING.format(
                between="" if self.text.unit == "characters" else " "
            ),
        }


def _windows(tokens: np.ndarray, window: int) -> Examples:
    """Cuts a text into windows, int32 [num, window], and what follows each token."""
    num = len(tokens) - 1
    missing = -num % window
    inputs = np.pad(tokens[:-1], (0, missing))
    targets = np.pad(tokens[1:], (0, missing), constant_values=NONE)
    return Examples(inputs.reshape(-1, window), targets.reshape(-1, window))
