"""Trains a cell on Fashion-MNIST: by default the one that DARTS found, small.

python launch.py --mode=prepare --config=fashion_mnist
python launch.py --mode=train --config=fashion_mnist --architecture=darts_v2

The four files of the data set in a folder need no preparation:
`--config.data.path=/usr/share/datasets/fashion-mnist`, where Debian's package
`dataset-fashion-mnist` puts them. The network has 5 cells of 8 channels; 60,000 grey
images of 28x28, 10 % of them for validation.
"""

from nao.child import ChildConfig, FinalConfig
from nao.config import Config
from nao.data import DataConfig
from nao.spaces import SpaceConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        space=SpaceConfig(operations="darts", num_nodes=4, join="nodes"),
        data=DataConfig("fashion_mnist"),
        child=ChildConfig(channels=8, epochs=2, batch_size=64),
        train=FinalConfig(
            epochs=4,
            learning_rate=0.1,
            batch_size=64,
            shift=0,
            flip=True,
            specialised=True,
        ),
    )
