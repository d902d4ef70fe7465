"""The language model in PyTorch computes what the project's own does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nao.child.recurrent_net import RecurrentNet
from nao.spaces import RecurrentCell

torch = pytest.importorskip("torch", reason="needs PyTorch, which is no requirement")
language = pytest.importorskip("experiments.benchmarks.torch_language")

CELL = [("tanh", 0), ("sigmoid", 1), ("identity", 1), ("relu", 2)]


def test_scores_are_equal_for_equal_weights():
    space = RecurrentCell(4)
    pairs = {f"{i}/input": str(p) for i, (_, p) in enumerate(CELL, 1)}
    pairs |= {f"{i}/activation": f for i, (f, _) in enumerate(CELL, 1)}
    (arch,) = space.architecture(space.from_choices(pairs)[None])
    net = RecurrentNet(4, "nodes", 5, 7, (3,))
    variables = net.draw(jax.random.key(0))
    words = np.array([[1, 2, 6], [0, 4, 2]])
    start = np.linspace(-1, 1, 10, dtype=np.float32).reshape(2, 5)
    ours, _ = net.forward(
        variables, words, jnp.asarray(arch), train=False, carry=jnp.asarray(start)
    )
    model = language.TorchLanguageModel(CELL, 5, 7)
    params = {
        k: torch.from_numpy(np.array(v)) for k, v in variables["params"]["net"].items()
    }
    nodes = params.pop("nodes")
    model.load_state_dict(params | {f"nodes.{i}": x for i, x in enumerate(nodes)})
    scores, outputs, _ = model(torch.from_numpy(words.T), torch.from_numpy(start))
    theirs = scores.detach().numpy().swapaxes(0, 1)
    np.testing.assert_allclose(ours.outputs, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        ours.carry, outputs[-1].detach().numpy(), rtol=1e-4, atol=1e-5
    )
