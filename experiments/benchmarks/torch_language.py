"""The language model that one would write for one recurrent cell in plain PyTorch.

What `language_speed.py` measures the project's own network against. Written from the
papers (Liu et al., 2019, arXiv:1806.09055; Merity et al., 2018, arXiv:1708.02182):
tied embeddings, a cell run token by token and node by node, and dropout whose masks are
the same for all tokens of a window.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda x: x,
    "sigmoid": torch.sigmoid,
}
RANGE = 0.04  # of the uniform distribution that weights start from


class TorchLanguageModel(nn.Module):
    """Foretells each token of a window from all before it."""

    def __init__(self, cell: list[tuple[str, int]], units: int, vocabulary: int):
        """Draws the weights.

        Args:
            cell: Activation and predecessor of each node; state 0 is the initial one.
            units: Units of the state, and of embeddings.
            vocabulary: Number of tokens that are told apart.
        """
        super().__init__()
        self.cell, self.units = cell, units
        self.embedding = nn.Parameter(_uniform(vocabulary, units))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.initial = nn.Parameter(_uniform(2 * units, 2 * units))
        self.nodes = nn.ParameterList(_uniform(units, 2 * units) for _ in cell)

    def forward(
        self, words: Tensor, start: Tensor, shares: tuple[float, ...] = (0,) * 4
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns scores [window, batch, vocabulary], outputs, and dropped outputs.

        Args:
            words: int64 [window, batch].
            start: float32 [batch, units], the outputs before the window.
            shares: What is dropped of embeddings, inputs, states and outputs.
        """
        embedding, inputs, hidden, output = (
            _mask(share, start) if share else 1.0 for share in shares
        )
        last, outputs = start, []
        for x in F.embedding(words, self.embedding) * embedding:
            last = self._step(x * inputs, last, hidden)
            outputs.append(last)
        outputs = torch.stack(outputs)
        dropped = outputs * output
        return dropped @ self.embedding.T + self.bias, outputs, dropped

    def _step(self, x: Tensor, last: Tensor, hidden: Tensor | float) -> Tensor:
        gates = torch.cat([x, last * hidden], -1) @ self.initial
        states = [_connect(last, gates, torch.tanh)]
        for (activation, source), weights in zip(self.cell, self.nodes, strict=True):
            read = states[source]
            gates = (read * hidden) @ weights
            states.append(_connect(read, gates, ACTIVATIONS[activation]))
        return torch.stack(states[1:]).mean(0)


def _connect(read: Tensor, gates: Tensor, activation) -> Tensor:
    gate, candidate = gates.chunk(2, -1)
    return read + gate.sigmoid() * (activation(candidate) - read)


def _uniform(*shape: int) -> Tensor:
    return torch.empty(*shape).uniform_(-RANGE, RANGE)


def _mask(share: float, like: Tensor) -> Tensor:
    return torch.empty_like(like).bernoulli_(1 - share) / (1 - share)


def steps(published, setting):
    """Returns what takes one training step of a published cell.

    Args:
        published: The cell.
        setting: Sizes and recipe, see `language_speed.py`.
    """
    torch.set_num_threads(setting.torch_threads)
    space, recipe = published.space, setting.recipe
    tokens = space.parse(published.text)
    choices = space.choices(tokens)
    cell = [
        (f, int(source)) for source, f in zip(choices[::2], choices[1::2], strict=True)
    ]
    model = TorchLanguageModel(cell, setting.units, setting.vocabulary)
    names = ("dropout_embedding", "dropout_input", "dropout_hidden", "dropout")
    shares = tuple(float(getattr(recipe, name)) for name in names)
    rate, decay = float(recipe.learning_rate), float(recipe.weight_decay)
    words = torch.from_numpy(setting.words()).long().T
    carry = torch.zeros(setting.batch_size, setting.units)
    optimizer = torch.optim.SGD(model.parameters(), rate, weight_decay=decay)

    def step():
        nonlocal carry
        optimizer.zero_grad()
        scores, outputs, _ = model(words[:-1], carry, shares)
        loss = F.cross_entropy(scores.flatten(0, 1), words[1:].flatten())
        changes = (outputs[1:] - outputs[:-1]).pow(2).mean()
        (loss + float(recipe.temporal_penalty) * changes).backward()
        nn.utils.clip_grad_norm_(model.parameters(), float(recipe.grad_clip))
        optimizer.step()
        carry = outputs[-1].detach()

    return step
