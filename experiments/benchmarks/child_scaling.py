"""Times epochs of children over several devices, and first steps with a warm cache.

    python experiments/benchmarks/child_scaling.py --devices 1 2

Trains children of `--config=digits` (universal program) for two epochs of all
training images and prints seconds of the second one, a child:

children  each device trains a child of its own, as in a search
data      all devices share the images of one child's steps, as in --mode=train

On CPU the devices are virtual (`--devices 1 2 4 8` makes eight); more than there are
cores share those. `--start` times first steps instead, of the network of
`child_speed.py`: seconds from the start of a process to the end of its first step, with
an empty compile cache and again with a full one.
"""

import argparse
import gc
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from experiments.benchmarks.child_speed import positive
from experiments.benchmarks.random_images import random_task
from nao import data
from nao.child import ChildConfig, ChildTrainer, ImageTask, nets
from nao.spaces import ConvCell
from nao.system import compiling, hosts

SPACE = ConvCell("enas", 5)


def measure_epoch(
    task: ImageTask, num_devices: int, shared: bool
) -> tuple[float, float]:
    """Returns seconds a child of the second epoch, and seconds before the first."""
    config = ChildConfig(epochs=2)
    net = nets.make_net(SPACE, task, config)
    devices = jax.devices()[:num_devices]
    trainer = ChildTrainer(net, task, config, devices, share_batch=shared)
    num = trainer.num_children
    tokens = SPACE.sample(np.random.default_rng(0), num)
    ends = []
    begun = time.perf_counter()
    keys = jax.random.split(jax.random.key(0), num)
    trainer.prepare(keys, SPACE.architecture(tokens))
    compiled = time.perf_counter() - begun
    trainer.train(
        keys, SPACE.architecture(tokens), lambda *_: ends.append(time.perf_counter())
    )
    return (ends[1] - ends[0]) / num, compiled


def take_first_step(specialised: bool) -> None:
    """Trains the network of `child_speed.py` for one step, and says that it did."""
    gc.set_threshold(50_000)  # as launch.py does
    compiling.compile_sooner()
    compiling.use_compile_cache()
    task = random_task(32)
    config = ChildConfig(
        channels=16, cells_per_stage=2, batch_size=32, epochs=1, specialised=specialised
    )
    net = nets.make_net(SPACE, task, config)
    arch = SPACE.architecture(SPACE.sample(np.random.default_rng(0), 1))
    _, (outcome,) = ChildTrainer(net, task, config).train([jax.random.key(0)], arch)
    if outcome.failure:
        raise ValueError(outcome.failure)
    print("done", flush=True)


def measure_start(kind: str, folder: str) -> float:
    """Returns seconds from the start of a process to the end of its first step."""
    command = [sys.executable, __file__, "--first_step", kind]
    environment = os.environ | {"NAO_CACHE_DIR": folder}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)  # would come first
    begun = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        is_done = child.stdout.readline() == b"done\n"
        seconds = time.perf_counter() - begun
    if not is_done:
        raise SystemExit(f"the first step failed, exit code {child.returncode}")
    return seconds


def print_starts() -> None:
    """Prints a row of first steps for each kind of program."""
    print("| program | first step | with a warm compile cache |\n| --- | --- | --- |")
    for kind in ("universal", "specialised"):
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (measure_start(kind, folder) for _ in range(2))
        print(f"| {kind} | {cold:.1f} s | {warm:.1f} s |", flush=True)


def main(words: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=positive, nargs="+", default=[1, 2])
    parser.add_argument("--start", action="store_true", help="time first steps instead")
    parser.add_argument("--first_step", choices=("universal", "specialised"))
    args = parser.parse_args(words)
    if args.first_step:
        take_first_step(args.first_step == "specialised")
        return
    if args.start:
        print_starts()
        return
    hosts.use_cpu_devices(max(args.devices))
    if max(args.devices) > (there := len(jax.devices())):
        parser.error(f"--devices: must be at most {there}, got {max(args.devices)}")
    task = ImageTask.of(data.load("digits"))
    print(
        "| devices | children: epoch of one | compile | data: epoch | compile |\n"
        "| --- | --- | --- | --- | --- |"
    )
    for num in args.devices:
        cells = [measure_epoch(task, num, shared) for shared in (False, True)]
        text = " | ".join(f"{epoch:.2f} s | {first:.1f} s" for epoch, first in cells)
        print(f"| {num} | {text} |", flush=True)


if __name__ == "__main__":
    main()
