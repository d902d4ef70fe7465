"""What a function costs, counted in what JAX traces of it; nothing is computed."""

import math
from collections.abc import Callable

import jax
import jax.extend.core
from jax.interpreters import partial_eval

from nao.types import PyTree


def count(function: Callable[[PyTree], PyTree], params: PyTree) -> tuple[int, int]:
    """Counts what the outputs of a function depend on.

    Args:
        function: Maps parameters to outputs.
        params: The parameters, or their shapes.

    Returns:
        Elements of those parameters that outputs depend on, and multiply-adds of the
        matrix products and convolutions among them. Of a `cond` the costliest branch
        counts, and the body of a `while` once.
    """
    traced = jax.make_jaxpr(function)(params).jaxpr
    # What no output depends on is left out: branches that were not chosen.
    live, used = partial_eval.dce_jaxpr(traced, [True] * len(traced.outvars))
    sizes = [leaf.size for leaf in jax.tree.leaves(params)]
    num = sum(size for size, is_used in zip(sizes, used, strict=True) if is_used)
    return num, _multiply_adds(live)


def _multiply_adds(jaxpr: jax.extend.core.Jaxpr) -> int:
    return sum(map(_of_equation, jaxpr.eqns))


def _of_equation(eqn: jax.extend.core.JaxprEqn) -> int:
    """Counts the multiply-adds of one equation, those of loops and calls inside."""
    name, out = eqn.primitive.name, eqn.outvars[0].aval
    if name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        shape = eqn.invars[0].aval.shape
        return out.size * math.prod(shape[axis] for axis in contracted)
    if name == "conv_general_dilated":
        kernel = eqn.invars[1].aval
        features = eqn.params["dimension_numbers"].rhs_spec[0]
        return out.size * kernel.size // kernel.shape[features]
    inner = list(map(_multiply_adds, jax.extend.core.jaxprs_in_params(eqn.params)))
    if name == "cond":
        return max(inner)
    return eqn.params["length"] * sum(inner) if name == "scan" else sum(inner)
