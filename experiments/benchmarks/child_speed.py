"""Times children: one program for all architectures, one each, plain Flax, PyTorch.

    python experiments/benchmarks/child_speed.py

For random architectures of the `enas` operations, takes some training steps (forward,
backward, momentum) of each kind and prints a table:

universal       the project's network for any architecture, compiled once
lanes           the same, training as many architectures at once as there are cores
supernet        shared weights: each step on an architecture of its own, and its images
                on as many cores as divide them; its compilation stands with its
                tracing, in one number
specialised     the project's network for one architecture, compiled for each
plain           a network of `nn.Conv` layers (plain_net.py), compiled for each
torch           a network of `nn.Conv2d` layers in PyTorch (torch_net.py), one for each
torch_supernet  one network in PyTorch that holds every operation at every place, and
                runs what the architecture chooses (torch_supernet.py)

Seconds to trace, lower and compile, seconds of a step of one architecture (median; of
`lanes`, of all at once divided by their number), temporary memory of the step, and from
those the seconds that 1, 10, 100 architectures take, for `--steps` each. A call of a
compiled program takes several steps, as a search takes an epoch. Nothing is read from a
compile cache, unless `JAX_COMPILATION_CACHE_DIR` names one. The last lines say from how
many steps an architecture on its own program pays for itself.

PyTorch runs operation by operation, on all cores that this process may use unless
`--torch_threads` says otherwise (beside other work, or on the hyperthreads of one core,
fewer can be faster): nothing is compiled, and its memory is `-`, as on CPU it does not
tell what a step needs for a while. It is no requirement; without it its rows are left
out.
"""

import argparse
import dataclasses
import importlib
import importlib.util
import pathlib
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import jax
import numpy as np

from experiments.benchmarks import child_kinds
from experiments.benchmarks.child_kinds import Kind, Setting
from nao.system import compiling, hosts

TORCH = ("torch", "torch_supernet")
# Last, as threads of PyTorch wait for work for a while and take time from others.
KINDS = (*child_kinds.KINDS, *TORCH)
INSTALL = "pip install torch --index-url https://download.pytorch.org/whl/cpu"
COUNTS = (1, 10, 100)
COLUMNS = (
    *("program", "trace, lower", "compile", "step", "memory"),
    *(f"{count} architecture{'s' * (count > 1)}" for count in COUNTS),
)


class Measured(NamedTuple):
    """Means of seconds over programs, the median step, and the most MiB of any."""

    trace_s: float
    compile_s: float
    step_s: float
    memory: float

    @property
    def program_s(self) -> float:
        """Seconds before the first step."""
        return self.trace_s + self.compile_s


def main(words: list[str] | None = None) -> None:
    """Prints the table."""
    args, setting = read(words)
    compiling.compile_sooner()
    hosts.use_cpu_devices()
    kinds = runnable(args.kinds)
    archs = setting.architectures(args.num)
    measured = {
        name: measure(name, kind, setting, archs, args.steps)
        for name, kind in kinds.items()
    }
    if measured:
        print_table(kinds, measured, args.steps)


def read(words: list[str] | None) -> tuple[argparse.Namespace, Setting]:
    """Returns what the flags say, and the setting they describe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    fields = dataclasses.fields(Setting)
    numbers = {
        "num": (3, "architectures that compile"),
        "steps": (5, "steps an architecture in the totals; as many calls are timed"),
        **{field.name: (field.default, None) for field in fields},
    }
    for name, (default, text) in numbers.items():
        parser.add_argument(f"--{name}", type=positive, default=default, help=text)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    args = parser.parse_args(words)
    sizes = {field.name: getattr(args, field.name) for field in fields}
    return args, Setting(**sizes)


def positive(text: str) -> int:
    """Returns a number of at least 1 from a flag."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def runnable(names: list[str]) -> dict[str, Kind]:
    """Returns the kinds that can run here; prints which can't, and why."""
    kinds = dict(child_kinds.KINDS)
    asked = [name for name in names if name in TORCH]
    if asked and (reason := why_no_torch()):
        print(f"Left out {', '.join(asked)}: {reason}\n")
    elif asked:
        kinds |= importlib.import_module("experiments.benchmarks.torch_kinds").KINDS
    return {name: kinds[name] for name in names if name in kinds}


def why_no_torch() -> str:
    """Returns why PyTorch can't be compared, empty where it can."""
    if importlib.util.find_spec("torch") is None:
        return f"PyTorch is not installed ({INSTALL})."
    if jax.default_backend() != "cpu":
        return (
            f"PyTorch is compared on CPU alone, and JAX is on {jax.default_backend()}."
        )
    return ""


def measure(
    name: str, kind: Kind, setting: Setting, archs: np.ndarray, num_steps: int
) -> Measured:
    """Takes steps of all architectures, as many at once as the kind trains."""
    program, rows = None, []
    for begin in range(0, len(archs), kind.at_once):
        # The last ones stand for those that are missing.
        at_once = np.resize(
            archs[begin : begin + kind.at_once], (kind.at_once, *archs.shape[1:])
        )
        if program is None or not kind.is_universal:
            program = kind.make(setting, at_once)
        call_s = seconds(program.start(at_once), num_steps)
        step_s = call_s / program.steps_a_call / kind.at_once
        row = Measured(program.trace_s, program.compile_s, step_s, program.memory)
        rows.append(row)
        print(f"# {name}: {np.round(row, 3).tolist()}", file=sys.stderr)
    trace_s, compile_s, step_s, memory = np.array(rows).T
    return Measured(trace_s.mean(), compile_s.mean(), np.median(step_s), memory.max())


def seconds(call: Callable[[], None], num_calls: int) -> float:
    """Returns the median of the seconds that calls take."""
    times = []
    for _ in range(num_calls):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return np.median(times)


def print_table(
    kinds: dict[str, Kind], measured: dict[str, Measured], num_steps: int
) -> None:
    """Prints a row for each kind, and from when programs of their own pay."""
    print(f"| {' | '.join(COLUMNS)} |\n{'| --- ' * len(COLUMNS)}|")
    for name, kind in kinds.items():
        print(f"| {name} | {' | '.join(cells(kind, measured[name], num_steps))} |")
    compiled = {name: m for name, m in measured.items() if m.compile_s}
    shared = [m.step_s for name, m in compiled.items() if kinds[name].is_universal]
    for name, own in compiled.items():
        if shared and not kinds[name].is_universal:
            print(f"\n{paying(name, own, min(shared))}")


def cells(kind: Kind, measured: Measured, num_steps: int) -> list[str]:
    """Returns the cells of a row but the first."""
    trace_s, compile_s, step_s, memory = measured
    counts = np.array(COUNTS)
    programs = np.ones_like(counts) if kind.is_universal else counts
    totals = programs * measured.program_s + counts * num_steps * step_s
    return [
        *(f"{trace_s:.1f} s", f"{compile_s:.1f} s", f"{step_s * 1e3:.0f} ms"),
        "-" if np.isnan(memory) else f"{memory:.0f} MiB",
        *(f"{total:.0f} s" for total in totals),
    ]


def paying(name: str, own: Measured, shared_s: float) -> str:
    """Says when a program of its own has made up for its compilation.

    Args:
        name: The kind of the program.
        own: What it takes.
        shared_s: Seconds of a step of the program for all architectures.
    """
    if own.step_s >= shared_s:
        return f"A {name} program never pays for itself."
    steps = own.program_s / (shared_s - own.step_s)
    return f"A {name} program pays for itself after {steps:.0f} steps."


if __name__ == "__main__":
    main()
