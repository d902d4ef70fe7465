"""Times queries on an embedding: encoding, single predictions, HTTP, neighbours.

    python experiments/benchmarks/embedding_speed.py

Encodes random convolutional cells of 40 tokens, 20 encoder steps: with the sizes of the
published controller (96 hidden units) and with those of `Embedding.fit`. `tokens` is
what the network reads; `cells` finds the canonical form first. Parameters are random,
which changes no time. HTTP needs httpx, which the tests need as well. Neighbours are
searched exactly among a million embeddings. Two minutes on two cores; 2 GB.
"""

import argparse
import dataclasses
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

import httpx
import jax
import numpy as np
import uvicorn

from nao import embedding, spaces
from nao.controller import PRESETS, Controller, LatentSpace, parameters, targets
from nao.embedding.objectives import Objectives
from nao.evaluators import Objective
from nao.integrations import serve
from nao.system import compiling, process


def make(space: spaces.Space, config) -> embedding.Embedding:
    """Returns an embedding with random parameters."""
    keys = jax.random.split(jax.random.key(0), config.ensemble_size)
    params = parameters.map_members(
        lambda key: parameters.create_params(key, space.grammar, config), keys
    )
    latent = LatentSpace(Controller(space.grammar, config), params)
    scale = targets.scale(np.arange(10.0), config.target)
    tokens = space.sample(np.random.default_rng(0), 10)
    objectives = Objectives((Objective("objective"),), (scale,), np.zeros(1))
    return embedding.Embedding(
        space, latent, objectives, tokens, np.arange(10.0)[:, None]
    )


def best_of(function, repeats: int) -> float:
    """Returns the seconds of the fastest of some calls, after one that compiles."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def requests(made: embedding.Embedding, num: int = 400) -> float:
    """Returns single predictions a second, one after the other over HTTP."""
    config = uvicorn.Config(serve.create_app(made), port=0, log_level="error")
    socket = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket],))
    thread.start()
    body = {"architectures": made.format(made.tokens[:1])}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{socket.getsockname()[1]}", timeout=60
    ) as client:
        client.post("/predict", json=body).raise_for_status()
        start = time.perf_counter()
        for _ in range(num):
            client.post("/predict", json=body).raise_for_status()
        seconds = time.perf_counter() - start
    server.should_exit = True
    thread.join()
    return num / seconds


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num", type=int, default=100_000, help="cells to encode")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to search")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls")
    args = parser.parse_args()
    compiling.use_compile_cache()
    space = spaces.ConvCell()
    tokens = space.sample(np.random.default_rng(1), args.num)
    paper = dataclasses.replace(PRESETS["paper"], hidden_size=96)
    print("what | measured | peak MiB")
    for name, config in (("96 units", paper), ("default", PRESETS["embedding"])):
        made = make(space, config)
        plain = dataclasses.replace(made, canonical=False)
        for what, asked in (("tokens", plain), ("cells", made)):
            seconds = best_of(lambda asked=asked: asked.encode(tokens), args.repeats)
            print(
                f"encode {args.num} {what}, {name} | {args.num / seconds:.0f} / s | "
                f"{process.peak_rss_mib():.0f}",
                flush=True,
            )
        seconds = best_of(lambda made=made: made.predict(tokens[0]), 50)
        print(f"predict one, {name} | {1e3 * seconds:.1f} ms | ", flush=True)
        print(f"predict one over HTTP, {name} | {requests(made):.0f} / s | ")
    rng = np.random.default_rng(2)
    size = made.latent.point_shape[1]
    rows = rng.normal(size=(args.rows, size)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    # Tokens of the index are read, never looked at.
    few = np.broadcast_to(tokens[:1], (args.rows, tokens.shape[1]))
    index = embedding.Index(few, rows)
    wanted = made.encode(tokens[0])[0]
    seconds = best_of(lambda: index.nearest(wanted, 10), 20)
    print(
        f"10 nearest of {args.rows}, size {size} | {1e3 * seconds:.1f} ms | "
        f"{process.peak_rss_mib():.0f}"
    )


if __name__ == "__main__":
    main()
