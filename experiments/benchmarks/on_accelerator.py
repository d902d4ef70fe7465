"""Times the training of children on the devices that JAX finds, GPU, TPU or CPU.

    python experiments/benchmarks/on_accelerator.py --output=table.md

Runs the compiled training that searches use, of random architectures, and prints a
table of Markdown for each part:

digits     the child of `--config=digits`: 5 cells, 8 channels, 8x8 images, batch 64
cifar_32   8 cells, 16 channels, 32x32 random images, batch 32
cifar_128  the same, batch 128
split      where a step's time goes: the child of digits, in batches of 8 to 1,024
           images, and copies of one child: as long as a step takes the same for more
           of them, it waits and starts operations, and does not compute

A program is `universal`, for any architecture, or `specialised` to one, which takes one
device and compiles anew for every child. `at once` is how many children a device trains
in one program (`child.at_once`), which computes all operations of a branch and picks
one. The columns are

compile    seconds to trace, lower and compile; nothing is read from a compile cache
step       milliseconds of a training step of all children (median over epochs)
a child    that, divided by the children on all devices
memory     temporary memory of the step on a device
an hour    children of 5 epochs that train in an hour on the devices of the row, of
           1,024 digits or CIFAR's 45,000 images; compilation counts for `specialised`

Rows that no longer fit a part's `--seconds`, as long as its longest row so far, are
left out, and named below its table. Each row is written as soon as it is measured.
"""

import argparse
import functools
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from experiments.benchmarks.child_speed import positive
from experiments.benchmarks.random_images import random_task
from nao import data
from nao.child import ChildConfig, ImageTask, batches, nets, programs
from nao.child.recipe import Recipe
from nao.spaces import ConvCell, NASBench201, Space
from nao.system import process

PARTS = ("digits", "cifar_32", "cifar_128", "split")
DTYPES = ("bfloat16", "float32")
SPLIT_BATCHES = (8, 64, 256, 1024)
NUM_CIFAR = 45_000  # images that a search trains on
MEASURE_S = 1.5  # how long epochs are repeated for the median, three at least
COLUMNS = (
    *("program", "type", "devices", "at once", "batch"),
    *("compile", "step", "a child", "memory", "an hour"),
)


class Case(NamedTuple):
    """What a child is.

    Attributes:
        space: The space of its architecture.
        task: What it learns; an epoch of it is one call of the compiled program.
        config: How it is built and trained.
        num_images: What a search trains it on, to count children an hour by.
    """

    space: Space
    task: ImageTask
    config: ChildConfig
    num_images: int

    @property
    def num_steps(self) -> int:
        """Steps of one child in a search."""
        return self.config.epochs * (self.num_images // self.config.batch_size)


class Variant(NamedTuple):
    """By which program children are trained, and on what; a row of the table."""

    program: str
    dtype: str
    num_devices: int = 1
    at_once: int = 1  # children of each device

    @property
    def num_children(self) -> int:
        """Children that train beside each other."""
        return self.num_devices * self.at_once


class Measured(NamedTuple):
    """What a row tells."""

    compile_s: float
    step_s: float
    memory_mib: float


def main(words: list[str] | None = None) -> None:
    """Writes the tables."""
    args = _parse(words)
    jax.config.update("jax_enable_compilation_cache", False)
    write = _writer(args.output)
    write(_describe())
    for part in args.parts:
        write_part(part, args, write)


def _parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--parts", nargs="+", default=PARTS, choices=PARTS)
    add("--dtypes", nargs="+", default=DTYPES, choices=DTYPES)
    add(
        "--at_once",
        type=positive,
        nargs="*",
        default=[16, 4],
        help="children a program",
    )
    add("--seconds", type=float, default=300, help="for each part")
    add("--output", type=pathlib.Path, help="file for the tables, replaced")
    add("--tiny", action="store_true", help="small networks, to test this script")
    return parser.parse_args(words)


def _writer(path: pathlib.Path | None) -> Callable[[str], None]:
    """Returns what prints a line and adds it to a file, at once."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def write(line: str) -> None:
        print(line, flush=True)
        if path is not None:
            with path.open("a") as file:
                file.write(line + "\n")

    return write


def _describe() -> str:
    """Says what is measured on."""
    devices = jax.devices()
    versions = [f"{name} {number}" for name, number in process.versions().items()]
    cores = process.environment()["cpu_count"]
    return (
        f"{len(devices)} {devices[0].device_kind} ({devices[0].platform}), {cores} CPU "
        f"cores; {', '.join(versions)}."
    )


def write_part(
    part: str, args: argparse.Namespace, write: Callable[[str], None]
) -> None:
    """Measures a part's rows for as long as its budget lasts."""
    write(f"\n## {part}\n\n| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    begun, longest, left_out = time.perf_counter(), 0.0, []
    for case, variant in _rows(part, args):
        row_begun = time.perf_counter()
        if longest and row_begun - begun + longest > args.seconds:
            left_out.append(" ".join(_names(case, variant)))
            continue
        write(f"| {' | '.join(_cells(case, variant))} |")
        longest = max(longest, time.perf_counter() - row_begun)
    if left_out:
        rows = "; ".join(left_out)
        write(f"\nLeft out, as {args.seconds:g} s did not suffice: {rows}.")


def _rows(part: str, args: argparse.Namespace) -> Iterator[tuple[Case, Variant]]:
    """Yields the rows of a part, those that tell most first."""
    if part == "split":
        yield from _split_rows(args)
        return
    batch_size = 64 if part == "digits" else int(part.split("_")[1])
    case = _case(part, batch_size, args.tiny)
    for variant in variants(args.dtypes, args.at_once, len(jax.devices())):
        yield case, variant


def _split_rows(args: argparse.Namespace) -> Iterator[tuple[Case, Variant]]:
    """Yields batches of several sizes, and copies of one child."""
    dtype = args.dtypes[0]
    for batch_size in SPLIT_BATCHES[: 1 if args.tiny else None]:
        case = _case("split", batch_size, args.tiny)
        for program in ("universal", "specialised"):
            yield case, Variant(program, dtype)
    for num in args.at_once:
        # Of one architecture, so that no operation is computed in vain.
        yield _case("split", 64, args.tiny), Variant("specialised", dtype, 1, num)


def variants(dtypes: list[str], at_once: list[int], most: int) -> Iterator[Variant]:
    """Yields the rows of a case: type by type, one device before several."""
    scaled = [2**k for k in range(1, most.bit_length()) if 2**k < most]
    shapes = [
        ("universal", 1, 1),
        ("specialised", 1, 1),
        *(("universal", 1, num) for num in at_once if num > 1),
        # All devices before some of them: that is what a search would take.
        *(("universal", num, 1) for num in ([most] if most > 1 else []) + scaled),
    ]
    for dtype in dtypes:
        for program, num_devices, num in shapes:
            yield Variant(program, dtype, num_devices, num)


def _case(part: str, batch_size: int, is_tiny: bool) -> Case:
    """Returns the child of a part; an epoch of random images is a few steps."""
    if is_tiny:
        config = ChildConfig(channels=2, batch_size=4)
        return Case(NASBench201(), random_task(8, 4, 1), config, 8)
    space = ConvCell()
    if part.startswith("cifar"):
        config = ChildConfig(channels=16, cells_per_stage=2, batch_size=batch_size)
        return Case(space, random_task(8 * batch_size), config, NUM_CIFAR)
    config = ChildConfig(batch_size=batch_size)
    digits = ImageTask.of(data.load("digits"))
    # Batches of any size take as many steps an epoch as those of the search.
    task = digits if part == "digits" else random_task(16 * batch_size, 8, 1)
    return Case(space, task, config, digits.num_examples["train"])


def _names(case: Case, variant: Variant) -> list[str]:
    return [*map(str, variant), str(case.config.batch_size)]


def _cells(case: Case, variant: Variant) -> list[str]:
    """Measures a row and returns its cells; what fails says so in place of numbers."""
    names = _names(case, variant)
    try:
        found = measure(case, variant)
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).splitlines()[0][:80]
        return [*names, f"failed: {reason}", *["-"] * 4]
    step, num = found.step_s, variant.num_children
    seconds = case.num_steps * step
    if variant.program == "specialised":
        seconds += found.compile_s
    return [
        *names,
        f"{found.compile_s:.1f} s",
        f"{step * 1e3:.3g} ms",
        f"{step * 1e3 / num:.3g} ms",
        f"{found.memory_mib:.0f} MiB",
        f"{num * 3600 / seconds:,.0f}",
    ]


def measure(case: Case, variant: Variant) -> Measured:
    """Compiles a program and times epochs of it."""
    train, states, args = make_training(case, variant)
    keys, *fixed = args
    begun = time.perf_counter()
    compiled = train.lower(keys, states, *fixed).compile()
    compile_s = time.perf_counter() - begun
    memory_mib = compiled.memory_analysis().temp_size_in_bytes / 2**20
    # The first one loads the program, and is not counted.
    states, _ = jax.block_until_ready(compiled(keys, states, *fixed))
    seconds, begun = [], time.perf_counter()
    while len(seconds) < 3 or time.perf_counter() - begun < MEASURE_S:
        before = time.perf_counter()
        states, _ = jax.block_until_ready(compiled(keys, states, *fixed))
        seconds.append(time.perf_counter() - before)
    num_steps = case.task.num_examples["train"] // case.config.batch_size
    return Measured(compile_s, float(np.median(seconds)) / num_steps, memory_mib)


def make_training(case: Case, variant: Variant) -> tuple[Callable, tuple, tuple]:
    """Returns the jitted training epoch of a row, first states, and other arguments."""
    task, config, num = case.task, case.config, variant.num_devices
    mesh = programs.make_mesh(jax.devices()[:num], num)
    net = nets.make_net(case.space, task, config)
    net = net.in_training(variant.dtype, None, False)
    tokens = case.space.sample(np.random.default_rng(0), variant.num_children)
    archs = case.space.architecture(tokens).astype(np.int32)
    if variant.program == "specialised":
        net = net.specialise(archs[0])
    settings = programs.Settings(net, task.rules, mesh, config.batch_size, 1)
    init, train = (
        functools.partial(function, settings=settings)
        for function in (programs.child_init, programs.child_train_epoch)
    )
    keys = jax.random.split(jax.random.key(0), variant.num_children)
    axes = NamedSharding(mesh, P(batches.CHILDREN))
    keys, archs = jax.device_put((keys, archs), axes)
    part = batches.place(task, mesh)["train"]
    recipe = Recipe.of(config, task.amounts(config))
    fixed = (archs, np.int32(0), np.int32(config.epochs), recipe, part)
    return jax.jit(train, donate_argnums=1), jax.jit(init)(keys), (keys, *fixed)


if __name__ == "__main__":
    main()
