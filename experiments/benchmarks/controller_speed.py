"""Times the controller's fit: the released shapes, and the default's.

    python experiments/benchmarks/controller_speed.py

`paper` fits 600 random convolutional cells of 40 tokens in batches of 100, with 96
hidden units; one epoch is six steps. Prints seconds an epoch (median and best of the
repeats), seconds to trace and compile the whole fit, and the peak resident memory so
far. About a minute on two cores.
"""

import argparse
import dataclasses
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from nao import controller, spaces
from nao.controller import batches, fit

# preset, space, architectures in the pool
CASES = (
    ("paper", spaces.ConvCell(), 600),
    ("default", spaces.ConvCell(), 60),
    ("default", spaces.NASBench201(), 200),
)


def measure(preset: str, space: spaces.Space, num: int, epochs: int, repeats: int):
    """Returns seconds to compile a fit, and seconds an epoch of every repeat."""
    config = controller.PRESETS[preset]
    # The small pool's number of steps an epoch stays what it is in a whole fit.
    min_steps = -(-config.min_steps * epochs // config.num_epochs)
    config = dataclasses.replace(config, num_epochs=epochs, min_steps=min_steps)
    rng = np.random.default_rng(0)
    tokens = space.sample(rng, num)[None]
    targets = rng.random(num, np.float32)
    pool = batches.pad_pool(tokens, targets, space.sample(rng, batches.MIN_CAPACITY))
    key = jax.random.key(0)
    start = time.perf_counter()
    compiled = fit.controller_fit.lower(key, pool, space, config).compile()
    compile_seconds = time.perf_counter() - start
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        jax.block_until_ready(compiled(key, pool))
        seconds.append((time.perf_counter() - start) / epochs)
    return compile_seconds, np.array(seconds[1:])  # the first one warms up


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, help="epochs of a fit")
    parser.add_argument("--repeats", type=int, default=5, help="timed fits")
    args = parser.parse_args()
    columns = ("preset", "space", "rows", "epoch median s", "best s", "compile s")
    print(" | ".join((*columns, "whole fit s", "peak MiB")))
    for preset, space, num in CASES:
        compile_seconds, seconds = measure(
            preset, space, num, args.epochs, args.repeats
        )
        median = float(np.median(seconds))
        whole = median * controller.PRESETS[preset].num_epochs
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{preset} | {space.name} | {num} | {median:.3f} | {seconds.min():.3f} | "
            f"{compile_seconds:.1f} | {whole:.1f} | {peak:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
