"""Times steps of a language model: any recurrent cell, one of its own, and PyTorch's.

    python experiments/benchmarks/language_speed.py

For a published cell, by its name, takes training steps (forward, backward, dropout,
clipping, plain gradient descent) and prints a table:

universal    the project's network for any architecture, compiled once
specialised  the project's network for this architecture
torch        the same model in plain PyTorch (torch_language.py), on all cores unless
             `--torch_threads` says otherwise; left out where it is not installed

Seconds to trace, lower and compile, milliseconds of a step (median), temporary memory,
and what share of a step the product with all words of the vocabulary takes: what it is
shorter by with two words in their place. Nothing is read from a compile cache,
unless `JAX_COMPILATION_CACHE_DIR` names one.
"""

import argparse
import dataclasses
import importlib
import pathlib
import sys
import time
from collections.abc import Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.benchmarks.child_speed import positive, seconds, why_no_torch
from nao.child.recipe import Recipe, TrainingConfig
from nao.child.recurrent_net import RecurrentNet
from nao.spaces.published import PUBLISHED
from nao.system import hosts

KINDS = ("universal", "specialised", "torch")
COLUMNS = ("program", "trace, lower, compile", "step", "memory", "share of the words")
STEPS_A_CALL = 3  # as a search takes an epoch in one call
FEW_WORDS = 2


@dataclasses.dataclass(frozen=True)
class Setting:
    """How large the model and its batches are."""

    units: int = 300
    batch_size: int = 64
    window: int = 35
    vocabulary: int = 10_000
    torch_threads: int = len(hosts.cores())

    # DARTS's, for Penn Treebank.
    @property
    def recipe(self) -> Recipe:
        """What is dropped and added to the loss, and how steps are taken."""
        return Recipe.of(
            TrainingConfig(
                learning_rate=20.0,
                schedule="constant",
                momentum=0.0,
                weight_decay=5e-7,
                grad_clip=0.25,
                dropout=0.75,
                dropout_hidden=0.25,
                dropout_input=0.75,
                dropout_embedding=0.2,
                temporal_penalty=1e-3,
            )
        )

    def words(self) -> np.ndarray:
        """Returns words at random and the one after each, int32 [batch, window + 1]."""
        shape = self.batch_size, self.window + 1
        rng = np.random.default_rng(0)
        return rng.integers(0, self.vocabulary, shape, np.int32)


def main(words: list[str] | None = None) -> None:
    """Prints the table."""
    args, setting = read(words)
    hosts.use_cpu_devices(1)
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    for kind in args.kinds:
        if kind == "torch" and (reason := why_no_torch()):
            print(f"\nLeft out torch: {reason}")
            continue
        print(f"| {kind} | {' | '.join(row(kind, args, setting))} |", flush=True)


def read(words: list[str] | None) -> tuple[argparse.Namespace, Setting]:
    """Returns what the flags say, and the setting they describe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [name for name, p in PUBLISHED.items() if p.space.name == "recurrent_cell"]
    parser.add_argument("--cell", default="darts_v2_rnn", choices=known)
    parser.add_argument(
        "--steps", type=positive, default=5, help="calls that are timed"
    )
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    for field in dataclasses.fields(Setting):
        parser.add_argument(f"--{field.name}", type=positive, default=field.default)
    args = parser.parse_args(words)
    names = [field.name for field in dataclasses.fields(Setting)]
    return args, Setting(**{name: getattr(args, name) for name in names})


def row(kind: str, args: argparse.Namespace, setting: Setting) -> list[str]:
    """Measures a kind; returns the cells of its row but the first."""
    make = of_torch if kind == "torch" else compiled
    few = dataclasses.replace(setting, vocabulary=FEW_WORDS)
    (call, num, compile_s, memory), (of_few, *_) = (
        make(kind, args.cell, own) for own in (setting, few)
    )
    step_s, few_s = (seconds(c, args.steps) / num for c in (call, of_few))
    return [
        f"{compile_s:.1f} s" if compile_s else "",
        f"{step_s * 1e3:.1f} ms",
        f"{memory:.0f} MiB" if memory else "-",
        f"{max(0.0, 1 - few_s / step_s):.0%}",
    ]


def compiled(
    kind: str, name: str, setting: Setting
) -> tuple[Callable[[], None], int, float, float]:
    """Compiles steps of the project's network.

    Returns:
        What takes some steps, how many, seconds of compilation, and MiB.
    """
    space = PUBLISHED[name].space
    arch = space.architecture(space.parse(PUBLISHED[name].text)[None])[0]
    sizes = setting.units, setting.vocabulary, (setting.window,)
    net = RecurrentNet(space.num_nodes, space.output, *sizes)
    net = net.specialise(arch) if kind == "specialised" else net
    recipe, words = setting.recipe, jnp.asarray(setting.words())
    state = net.draw(jax.random.key(0))["params"], net.initial_carry(len(words))

    def loss_fn(params, carry, noise, arch):
        variables = {"params": params, "batch_stats": {}}
        arch = arch if net.arch is None else None
        output, _ = net.forward(
            variables, words[:, :-1], arch, train=True, noise=noise, carry=carry
        )
        losses = optax.softmax_cross_entropy_with_integer_labels(
            output.outputs, words[:, 1:]
        )
        penalty = recipe.temporal_penalty * output.penalties["temporal_penalty"]
        return losses.mean() + penalty, output.carry

    def steps(state, arch):
        def step(state, number):
            params, carry = state
            key = jax.random.fold_in(jax.random.key(1), number)
            noise = net.make_noise(key, len(words), 0.0, recipe)
            grads, carry = jax.grad(loss_fn, has_aux=True)(params, carry, noise, arch)
            optimizer = recipe.optimizer(jnp.float32(0))
            changes, _ = optimizer.update(grads, optimizer.init(params), params)
            return (optax.apply_updates(params, changes), carry), None

        return jax.lax.scan(step, state, jnp.arange(STEPS_A_CALL))[0]

    begun = time.perf_counter()
    program = jax.jit(steps, donate_argnums=0).lower(state, arch).compile()
    compile_s = time.perf_counter() - begun
    memory = program.memory_analysis().temp_size_in_bytes / 2**20

    def call():
        nonlocal state
        state = jax.block_until_ready(program(state, arch))

    call()
    return call, STEPS_A_CALL, compile_s, memory


def of_torch(
    kind: str, name: str, setting: Setting
) -> tuple[Callable[[], None], int, float, float]:
    """Makes the same steps in PyTorch; returns as `compiled` does."""
    module = importlib.import_module("experiments.benchmarks.torch_language")
    return module.steps(PUBLISHED[name], setting), 1, 0.0, 0.0


if __name__ == "__main__":
    main()
