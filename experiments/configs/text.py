"""Searches recurrent cells that foretell a text, character by character.

python launch.py --config=text

The text is the help of Python's own language reference, which is part of every Python
(`pydoc_data.topics`; it differs between versions, so its hash is kept with each
search). Trains 60 language models of 8 nodes and 64 units for 2 epochs each: 20 at
random, then four rounds of 10 that NAO proposes. The best five are trained once more,
and the best of them by the mean is trained for 10 epochs and tested once. Took 7
minutes on 2 CPU cores, a child on each; nothing is downloaded.
experiments/results/text/README.md has what came out.
"""

from nao.child import ChildConfig, FinalConfig
from nao.config import Config
from nao.data import DataConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    # Nearly all gradients are clipped, so the rate is how far a step goes.
    recipe = {
        "units": 64,
        "window": 32,
        "learning_rate": 6.0,
        "grad_clip": 0.25,
        "weight_decay": 1e-6,
    }
    return Config(
        num_finalists=5,
        space=SpaceConfig("recurrent_cell", num_nodes=8),
        data=DataConfig(name="python_topics", tokens="characters"),
        child=ChildConfig(epochs=2, **recipe),
        # At the children's rate long trainings of some cells diverge.
        train=FinalConfig(epochs=10, **(recipe | {"learning_rate": 3.0})),
        nao=NAOConfig(num_seed_archs=20, round_size=10, process_turns=1),
    )
