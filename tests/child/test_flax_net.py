"""Networks of one's own: universal, of one architecture, and what they cost."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nao
from nao.child import ChildConfig, Classification
from nao.data import Normalisation
from tests.child import comparing

SPACE = nao.spaces.custom({"first": ("a", "b", "c"), "second": ("a", "b", "c")})
RNG = np.random.default_rng(0)
PARTS = {
    part: (RNG.normal(size=(6, 4)).astype(np.float32), np.arange(6) % 3)
    for part in nao.data.PARTS
}
TASK = Classification("noise", PARTS, num_outputs=3)


class Net(nao.FlaxNet):
    """Two layers of 4 numbers, each of three kinds; a norm, dropout, a classifier."""

    num_outputs: int
    channels: int = 5
    dropout: float = 0.0

    @nn.compact
    def __call__(self, inputs, arch, train):
        x = inputs
        for number in arch:
            x = self.choose(number, x, nn.Dense(4), lambda x: nn.Dense(4)(x), nn.tanh)
        x = nn.BatchNorm(not train, axis_name=self.axis_name)(x)
        x = nn.Dropout(self.dropout, deterministic=not train)(x)
        return nn.Dense(self.num_outputs)(x)


NET = Net.of(SPACE, TASK, ChildConfig(channels=7))
ARCHS = SPACE.architecture(np.concatenate(list(SPACE.enumerate())))
INPUTS = TASK.parts["train"].inputs


def forward(net, variables, arch, **options):
    output, stats = net.forward(variables, INPUTS, arch, **{"train": False} | options)
    return output.outputs, stats


def test_fields_take_what_recipe_and_task_call_the_same():
    assert (NET.channels, NET.num_outputs, NET.input_shape) == (7, 3, (4,))
    assert Net.of(SPACE, TASK, ChildConfig(dropout=0.5)).dropout == 0.5
    tokens = {part: (np.ones((6, 4), int), np.zeros(6)) for part in nao.data.PARTS}
    assert Net.of(SPACE, nao.Task("x", tokens), ChildConfig()).input_dtype == "int32"
    normalised = nao.Task("x", tokens, Normalisation(np.zeros(4), np.ones(4)))
    assert Net.of(SPACE, normalised, ChildConfig()).input_dtype == "float32"


@pytest.mark.parametrize("arch", ARCHS.tolist())
def test_one_architecture_computes_what_the_universal_network_does(arch):
    """Layers keep their names whichever is chosen, in lambdas as well."""
    variables = NET.draw(jax.random.key(0))
    expected, stats = forward(NET, variables, jnp.array(arch), train=True)
    own, picked = NET.trained(variables, np.array(arch))
    assert own.arch == tuple(arch) and picked.keys() == variables.keys()
    outputs, own_stats = forward(own, picked, None, train=True)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)
    jax.tree.map(lambda *x: np.testing.assert_allclose(*x, rtol=1e-5), stats, own_stats)


def test_costs_are_of_what_was_chosen():
    """A layer of 4 has 4 * 4 + 4, the norm 2 * 4, the classifier 4 * 3 + 3."""
    for arch, layers in (([0, 1], 2), ([2, 0], 1), ([2, 2], 0)):
        assert NET.num_parameters(np.array(arch)) == layers * 20 + 8 + 15
        assert NET.specialise(np.array(arch)).num_parameters() == layers * 20 + 23
        assert NET.num_multiply_adds(np.array(arch)) == layers * 16 + 12


def test_dropout_is_drawn_from_the_noise():
    net = NET.clone(dropout=0.5)
    variables, arch = net.draw(jax.random.key(0)), jnp.array([0, 1])
    one, two = (
        net.make_noise(jax.random.key(i), 6, 0.0, comparing.recipe()) for i in (1, 2)
    )
    options = [{"noise": one}, {"noise": one}, {"noise": two}]
    outputs = [forward(net, variables, arch, train=True, **o)[0] for o in options]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert (outputs[0] != outputs[2]).any()
    with pytest.raises(ValueError, match="auxiliary must be 0: Net has no auxiliary"):
        NET.in_training("float32", None, True)


class Masked(nao.FlaxNet):
    """As many channels as chosen: the first ones, the others zero."""

    @nn.compact
    def __call__(self, inputs, arch, train):
        sizes = (2, 3, 4)
        if self.arch is not None:
            x = nn.Dense(sizes[arch[0]], name="inner")(inputs)
        else:
            x = nn.Dense(4, name="inner")(inputs)
            x = x * (jnp.arange(4) < jnp.array(sizes)[arch[0]])
        return nn.Dense(3)(x)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_masked_channels_are_left_out_of_one_architecture(size):
    net = Masked.of(SPACE, TASK, ChildConfig())
    variables, arch = net.draw(jax.random.key(0)), np.array([size - 2, 0])
    expected, _ = forward(net, variables, jnp.array(arch))
    own, picked = net.trained(variables, arch)
    np.testing.assert_allclose(forward(own, picked, None)[0], expected, rtol=1e-5)
    assert net.num_parameters(arch) == 4 * size + size + 3 * size + 3


def test_variables_that_nothing_trains_are_refused():
    class Counting(nao.FlaxNet):
        @nn.compact
        def __call__(self, inputs, arch, train):
            self.variable("counts", "calls", jnp.zeros, ())
            return nn.Dense(3)(inputs)

    net = Counting.of(SPACE, TASK, ChildConfig())
    with pytest.raises(
        ValueError, match="Counting must be params and batch_stats, got"
    ):
        net.draw(jax.random.key(0))
