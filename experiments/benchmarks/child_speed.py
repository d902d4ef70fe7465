"""Times children: one program for all architectures, one each, or plain Flax.

    python experiments/benchmarks/child_speed.py

For random architectures of the `enas` operations, takes some training steps (forward,
backward, momentum) with each of three programs and prints a table:

universal    the project's network for any architecture, compiled once
lanes        the same, training as many architectures at once as there are cores
specialised  the project's network for one architecture, compiled for each
plain        a network of `nn.Conv` layers (plain_net.py), compiled for each

Seconds to trace, lower and compile, seconds of a step of one architecture (median; of
`lanes`, of all at once divided by their number), temporary memory of the step, and from
those the seconds that 1, 10, 100 architectures take, for as many steps each. Nothing is
read from a compile cache. The last lines say from how many steps an architecture on its
own program pays for itself.
"""

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
import optax
import plain_net
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from nao.child import ConvNet
from nao.spaces import ConvCell
from nao.system import hosts

KINDS = ("universal", "lanes", "specialised", "plain")
ONE_PROGRAM = ("universal", "lanes")
COUNTS = (1, 10, 100)


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num", type=int, default=3, help="architectures that compile")
    parser.add_argument("--steps", type=int, default=5, help="steps an architecture")
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--cells_per_stage", type=int, default=2)
    parser.add_argument("--num_nodes", type=int, default=5)
    parser.add_argument("--image_size", type=int, default=32)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    args = parser.parse_args()
    hosts.use_cpu_devices()
    space = ConvCell("enas", args.num_nodes)
    archs = np.concatenate(
        [
            space.architecture(space.sample(np.random.default_rng(seed), 1))
            for seed in range(args.num)
        ]
    )
    measured = {kind: _measure(kind, space, archs, args) for kind in args.kinds}
    print(
        "| program | trace, lower | compile | step | memory | "
        + " | ".join(f"{count} architectures" for count in COUNTS)
        + " |\n"
        + "| --- " * (5 + len(COUNTS))
        + "|"
    )
    for kind, (trace, build, step, memory) in measured.items():
        programs = np.array([1 if kind in ONE_PROGRAM else n for n in COUNTS])
        totals = programs * (trace + build) + np.array(COUNTS) * args.steps * step
        cells = [f"{total:.0f} s" for total in totals]
        print(
            f"| {kind} | {trace:.1f} s | {build:.1f} s | {step * 1e3:.0f} ms | "
            f"{memory:.0f} MiB | {' | '.join(cells)} |"
        )
    best = min(
        (measured[kind][2] for kind in ONE_PROGRAM if kind in measured), default=0
    )
    for kind, (trace, build, own, _) in measured.items():
        if best and kind not in ONE_PROGRAM:
            steps = (trace + build) / (best - own) if own < best else np.inf
            print(f"\nA {kind} program pays for itself after {steps:.0f} steps.")


def _measure(kind, space, archs, args):
    """Returns seconds of tracing, compiling and a step, and MiB; means or medians."""
    shape = (args.batch_size, args.image_size, args.image_size, 3)
    images = jax.random.normal(jax.random.key(1), shape)
    labels = jnp.arange(args.batch_size) % 10
    net = ConvNet(
        space.operations,
        args.num_nodes,
        args.channels,
        args.cells_per_stage,
        num_outputs=10,
        image_shape=shape[1:],
    )
    optimizer = optax.sgd(0.1, 0.9)
    rows, step = [], None
    lanes = len(jax.devices()) if kind == "lanes" else 1
    for begin in range(0, len(archs), lanes):
        at_once = jnp.asarray(
            np.resize(archs[begin : begin + lanes], (lanes, *archs.shape[1:]))
        )
        if kind not in ONE_PROGRAM or step is None:
            variables, apply = _make(kind, net, archs[begin], images)
            state = jax.tree.map(
                lambda x: jnp.stack([x] * lanes),
                (variables, optimizer.init(variables["params"])),
            )
            step, times, memory = _compile(
                apply, optimizer, state, at_once, images, labels
            )
        current, seconds = jax.tree.map(jnp.array, state), []
        for _ in range(args.steps):
            begun = time.perf_counter()
            current, _ = jax.block_until_ready(step(current, at_once))
            seconds.append(time.perf_counter() - begun)
        rows.append((*times, np.median(seconds) / lanes, memory))
        print(f"# {kind}: {np.round(rows[-1], 3).tolist()}", file=sys.stderr)
    trace, build, seconds, memory = np.array(rows).T
    return trace.mean(), build.mean(), np.median(seconds), memory.max()


def _make(kind, net, arch, images):
    """Returns first variables and a function from those to scores and statistics."""
    key = jax.random.key(0)
    if kind == "plain":
        as_tuple = net.specialise(arch).arch
        plain = plain_net.PlainNet(as_tuple, net.channels, net.cells_per_stage, 10)
        shapes = jax.eval_shape(lambda: plain.init(key, images, train=False))
        # Zeros and ones would be slow or fast for the wrong reason.
        variables = jax.tree.map(
            lambda x: 0.1 * jax.random.normal(key, x.shape) + 0.01, shapes
        )
        variables["batch_stats"] = jax.tree.map(jnp.ones_like, variables["batch_stats"])

        def apply(variables, images, arch):
            return plain.apply(variables, images, train=True, mutable="batch_stats")

        return variables, apply
    net = net if kind in ONE_PROGRAM else net.specialise(arch)
    init = jax.jit(lambda key: net.init(key, method="declare"))

    def apply(variables, images, arch):
        (scores, _), updates = net.apply(
            variables, images, arch, train=True, mutable="batch_stats"
        )
        return scores, updates

    return init(key), apply


def _compile(apply, optimizer, state, archs, images, labels):
    """Compiles a step of as many architectures as there are, a device each."""

    def step(state, arch):
        state, arch = jax.tree.map(lambda x: x[0], (state, arch))
        variables, momentum = state

        def loss_fn(params):
            scores, updates = apply(variables | {"params": params}, images, arch)
            loss = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
            return loss.mean(), updates

        (loss, updates), grads = jax.value_and_grad(loss_fn, has_aux=True)(
            variables["params"]
        )
        changes, momentum = optimizer.update(grads, momentum)
        params = optax.apply_updates(variables["params"], changes)
        after = ({"params": params} | updates, momentum), loss
        return jax.tree.map(lambda x: x[None], after)

    if len(archs) > 1:
        mesh = jax.make_mesh((len(archs),), ("lanes",), (AxisType.Auto,))
        specs = {"in_specs": P("lanes"), "out_specs": P("lanes")}
        step = jax.shard_map(step, mesh=mesh, check_vma=False, **specs)
        state, archs = jax.device_put((state, archs), NamedSharding(mesh, P("lanes")))
    begun = time.perf_counter()
    lowered = jax.jit(step, donate_argnums=0).lower(state, archs)
    traced = time.perf_counter()
    compiled = lowered.compile()
    times = traced - begun, time.perf_counter() - traced
    memory = compiled.memory_analysis().temp_size_in_bytes / 2**20

    def run(state, archs):
        return compiled(*jax.device_put((state, archs), compiled.input_shardings[0]))

    return run, times, memory


if __name__ == "__main__":
    main()
