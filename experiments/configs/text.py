"""Searches recurrent cells that foretell a text, character by character.

python launch.py --config=text

The text is the help of Python's own language reference, which is part of every Python
(`pydoc_data.topics`; it differs between versions, so its hash is kept with each
search). Trains 60 language models of 8 nodes: 20 at random, then four rounds of 10 that
NAO proposes. Nothing is downloaded.
"""

from nao.child import ChildConfig, FinalConfig
from nao.config import Config
from nao.data import DataConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    # Steps are as large as the clipped gradient, in all but the last of a training.
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
        train=FinalConfig(epochs=10, **recipe),
        nao=NAOConfig(num_seed_archs=20, round_size=10, process_turns=1),
    )
