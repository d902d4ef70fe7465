"""Trains a plain LSTM as `--config=text` trains recurrent cells, of as many parameters.

    python experiments/benchmarks/plain_lstm.py

The network is an LSTM with the same weights for embeddings and scores, as the searched
ones have; its units are as many as bring it to their number of parameters. It learns
the same text by the same recipe, by each learning rate, from several seeds; a row of
the table has mean and standard deviation of the perplexity on the validation part.
`--cells` adds random cells of the space, trained by the config's own rate.
"""

import argparse
import dataclasses
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import nao
from experiments.configs import text
from nao.child import nets, tasks
from nao.data.config import load
from nao.spaces import registry
from nao.system import compiling, hosts

RATES = (2.0, 6.0, 12.0)
SPACE = nao.spaces.custom({"only": ("lstm",)})


class PlainLSTM(nao.FlaxNet):
    """A language model of one LSTM."""

    num_outputs: int
    units: int

    @nn.compact
    def __call__(self, inputs, arch, train, carry):
        """Returns scores [batch, window, num_outputs], and what is carried on."""
        embed = nn.Embed(self.num_outputs, self.units)
        lstm = nn.RNN(nn.OptimizedLSTMCell(self.units), return_carry=True)
        carry, outputs = lstm(embed(inputs), initial_carry=carry)
        bias = self.param("bias", nn.initializers.zeros, (self.num_outputs,))
        return embed.attend(outputs) + bias, carry

    def initial_carry(self, batch):
        """Returns the cell and the output before the first token."""
        return (jnp.zeros((batch, self.units)),) * 2


def main(words: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rates", type=float, nargs="+", default=RATES)
    parser.add_argument("--cells", type=int, default=0)
    args = parser.parse_args(words)
    hosts.use_cpu_devices(0)
    compiling.use_compile_cache()
    measure(text.get_config(), args.seeds, args.rates, args.cells)


def measure(config: nao.Config, seeds: int, rates: list[float], cells: int) -> None:
    """Trains an LSTM by each rate and seed, and random cells; prints rows."""
    learned, child = load(config.data), config.child
    task = tasks.as_task(learned, child)
    space = registry.make(config.space)
    num = nets.make_net(space, task, child).num_parameters()
    units = units_of(num, task.num_outputs)
    print(
        "| network | learning rate | parameters | perplexity |\n" + "| --- " * 4 + "|"
    )
    for rate in rates:
        own = dataclasses.replace(child, learning_rate=rate, units=units)
        evaluator = nao.evaluators.TrainingEvaluator(
            SPACE, learned, own, devices=jax.devices(), network=PlainLSTM
        )
        tokens = np.repeat(SPACE.sample(np.random.default_rng(0), 1), seeds, 0)
        size = num_parameters(task.num_outputs, units)
        print_row(f"LSTM of {units} units", rate, size, evaluator, tokens)
    if cells:
        evaluator = nao.evaluators.TrainingEvaluator(
            space, learned, child, devices=jax.devices()
        )
        tokens = space.sample(np.random.default_rng(0), cells)
        print_row(f"{cells} random cells", child.learning_rate, num, evaluator, tokens)


def print_row(name, rate, size, evaluator, tokens) -> None:
    """Trains networks and prints a row of the table."""
    keys = jax.random.split(jax.random.key(0), len(tokens))
    found = [e.value for e in evaluator.evaluate(tokens, keys)]
    kept = [value for value in found if value is not None]
    what = f"{np.mean(kept):.3f} ± {np.std(kept, ddof=1):.3f}" if kept else "failed"
    print(f"| {name} | {rate:g} | {size:,} | {what} |", flush=True)


def units_of(num: int, vocabulary: int) -> int:
    """Returns the units of an LSTM with at most so many parameters."""
    units = 1
    while num_parameters(vocabulary, units + 1) <= num:
        units += 1
    return units


def num_parameters(vocabulary: int, units: int) -> int:
    """Counts embeddings, biases of scores, and the LSTM's four gates."""
    return vocabulary * (units + 1) + 8 * units**2 + 4 * units


if __name__ == "__main__":
    main()
