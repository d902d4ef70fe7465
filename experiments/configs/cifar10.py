"""Searches cells on CIFAR-10 by short training, and trains cells by NAO's final recipe.

python launch.py --mode=prepare --config=cifar10
python launch.py --config=cifar10 --workdir=runs/cifar10
python launch.py --config=cifar10 --workdir=runs/cifar10 --mode=train
python launch.py --config=cifar10 --mode=train --architecture=naonet_a \
    --config.train.channels=128 --config.train.drop_path=0.3

The first command downloads the data, or builds them from `--config.data.archive=PATH`;
images in class folders need none: `--config.data.name=folder --config.data.path=PATH`.

Children of the search are a proxy: 5 cells, 16 channels, 10 epochs. The final recipe
is NAO's (Luo et al., 2018, section 4.1, and its released scripts): 600 epochs, a cosine
from 0.024, momentum 0.9, weight decay 5e-4, clipping at 5, pad-and-crop and flip,
cutout of 16 pixels, dropped paths, an auxiliary head of weight 0.4; 20 cells of 36
channels here. Departures: Nesterov's momentum, and decay after clipping.

Published with it, error on CIFAR-10: NAONet-A 2.48 % at 36 channels after 2 days on
one P40, 1.93 % at 128 channels after 5 days on four (NAO_pytorch). Not run here: it
needs a GPU or a TPU, `jax[cuda13]` or `jax[tpu]`; all devices share each step.
"""

from nao.child import ChildConfig, FinalConfig
from nao.config import Config
from nao.data import DataConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=200,
        data=DataConfig("cifar10"),
        nao=NAOConfig(num_seed_archs=40, round_size=20),
        child=ChildConfig(
            channels=16,
            epochs=10,
            batch_size=128,
            shift=4,
            flip=True,
        ),
        train=FinalConfig(
            channels=36,
            cells_per_stage=6,
            epochs=600,
            batch_size=128,
            learning_rate=0.024,
            drop_path=0.2,
            dropout=0.4,
            auxiliary=0.4,
            shift=4,
            flip=True,
            cutout=16,
            specialised=True,
        ),
    )
