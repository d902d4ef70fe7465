"""Runs a universal network and the one of an architecture, and compares them."""

import functools

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np

from nao.child import ChildConfig, primitives
from nao.child.recipe import Recipe

# What is computed is the same, and compiled in two thirds of the time.
QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}
quick_jit = functools.partial(jax.jit, compiler_options=QUICK)


@functools.partial(quick_jit, static_argnums=0)
def init(net):
    """Draws a network's variables; statistics that are not the initial ones.

    Small ones, so that the network is not dead by them.
    """
    variables = net.init(jax.random.key(0), method="declare")
    stats = jax.tree.map(
        lambda x: 0.3 * x + 0.1 * jnp.sin(jnp.arange(x.size)).reshape(x.shape),
        variables["batch_stats"],
    )
    return {"params": variables["params"], "batch_stats": stats}


def recipe(**fields):
    """Returns the numbers of a config with these fields."""
    return Recipe.of(ChildConfig(**fields))


def weigh(x):
    """Sums with weights that differ, so that a misplaced gradient shows."""
    return (x * jnp.sin(jnp.arange(x.size)).reshape(x.shape)).sum()


@functools.cache
def train_fn(net):
    """Returns a function from variables, images, architecture and noise.

    It returns ((scores, auxiliary scores, new statistics), gradients).
    """

    @quick_jit
    def run(variables, images, arch, noise):
        def loss_fn(params):
            (scores, auxiliary), updates = net.apply(
                {"params": params, "batch_stats": variables["batch_stats"]},
                images,
                arch,
                train=True,
                noise=noise,
                mutable="batch_stats",
            )
            loss = weigh(scores) + (0 if auxiliary is None else weigh(auxiliary))
            return loss, (scores, auxiliary, updates["batch_stats"])

        grads, outputs = jax.grad(loss_fn, has_aux=True)(variables["params"])
        return outputs, grads

    return run


@functools.cache
def evaluate_fn(net):
    """Returns a function from variables, images and architecture to scores."""

    @quick_jit
    def run(variables, images, arch):
        return net.apply(variables, images, arch, train=False)[0]

    return run


def assert_close(actual, expected, rtol=1e-3, atol=1e-3):
    """Compares all leaves of two trees of one structure, each by its own size."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    leaves = jax.tree_util.tree_leaves_with_path(actual)
    for (path, one), other in zip(leaves, jax.tree.leaves(expected), strict=True):
        assert one.shape == other.shape, (path, one.shape, other.shape)
        scale = max(np.abs(other).max(initial=0), 1)
        np.testing.assert_allclose(
            one, other, rtol=rtol, atol=atol * scale, err_msg=str(path)
        )


def assert_universal_equals_specialised(net, arch, images, noise=None):
    """Equal outputs, gradients and statistics for equal parameters."""
    variables = jax.device_get(init(net))
    (*scores, stats), grads = jax.device_get(
        train_fn(net)(variables, images, jnp.asarray(arch), noise)
    )
    own = net.specialise(arch)
    (*own_scores, own_stats), own_grads = jax.device_get(
        train_fn(own)(net.extract(variables, arch), images, None, noise)
    )
    for leaf in jax.tree.leaves((scores, stats, grads)):
        assert np.isfinite(leaf).all()
    assert_close(scores, own_scores)
    extracted = net.extract({"params": grads, "batch_stats": stats}, arch)
    assert_close(extracted["batch_stats"], own_stats)
    assert_close(extracted["params"], own_grads)
    assert_only_own_parameters_have_gradients(net, arch, variables, grads)


def assert_only_own_parameters_have_gradients(net, arch, variables, grads):
    """What an architecture does not extract has no gradient; nothing counts twice."""
    leaves, structure = jax.tree.flatten(variables["params"])
    stops = np.cumsum([0, *[leaf.size for leaf in leaves]])
    numbers = [
        np.arange(start, start + leaf.size).reshape(leaf.shape)
        for start, leaf in zip(stops[:-1], leaves, strict=True)
    ]
    numbered = variables | {"params": jax.tree.unflatten(structure, numbers)}
    extracted = jax.tree.leaves(net.extract(numbered, arch)["params"])
    own = np.concatenate([np.ravel(leaf) for leaf in extracted])
    assert np.unique(own).size == own.size
    grads = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(grads)])
    assert set(np.flatnonzero(grads)) <= set(own.astype(int))
    if not net.auxiliary:
        assert own.size == net.num_parameters(arch)


def assert_counted_parameters_are_those_extracted(net, arch):
    """Without tracing: shapes of the specialised network, and what it is given."""

    def declare(net):
        return jax.eval_shape(lambda: net.init(jax.random.key(0), method="declare"))

    own = net.specialise(arch)
    declared = declare(own)
    given = jax.eval_shape(lambda v: net.extract(v, arch), declare(net))
    assert declared == given
    sizes = [leaf.size for leaf in jax.tree.leaves(declared["params"])]
    assert sum(sizes) == net.num_parameters(arch) == own.num_parameters()


def count_multiply_adds(monkeypatch, net, arch, num_images=1):
    """Counts what the native form of one architecture's network multiplies."""

    def native_form(on_cpu, native, *static):
        return lambda *args: native(*args, *static)

    monkeypatch.setattr(primitives, "_by_platform", native_form)
    own = net.specialise(arch)
    variables = jax.eval_shape(lambda: own.init(jax.random.key(0), method="declare"))
    images = jax.ShapeDtypeStruct((num_images, *net.image_shape), jnp.float32)
    traced = jax.make_jaxpr(lambda *args: own.apply(*args, None, train=False)[0])(
        variables, images
    )
    return _count(traced.jaxpr)


def _count(jaxpr):
    total = 0
    for eqn in jaxpr.eqns:
        for inner in jax.extend.core.jaxprs_in_params(eqn.params):
            total += _count(inner)
        name, (out, *_) = eqn.primitive.name, eqn.outvars
        if name == "dot_general":
            (contracted, _), _ = eqn.params["dimension_numbers"]
            shape = eqn.invars[0].aval.shape
            total += out.aval.size * int(np.prod([shape[i] for i in contracted]))
        elif name == "conv_general_dilated":
            kernel = eqn.invars[1].aval
            features = eqn.params["dimension_numbers"].rhs_spec[0]
            total += out.aval.size * kernel.size // kernel.shape[features]
    return total
