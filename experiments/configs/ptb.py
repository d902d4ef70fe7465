"""Searches recurrent cells on Penn Treebank, and trains cells by NAO's final recipe.

python launch.py --config=ptb --config.data.path=ptb --workdir=runs/ptb
python launch.py --config=ptb --config.data.path=ptb --workdir=runs/ptb --mode=train
python launch.py --config=ptb --config.data.path=ptb --mode=train --architecture=nao_rnn

`--config.data.path` is a folder with the corpus as it is usually given, the files
`ptb.train.txt`, `ptb.valid.txt` and `ptb.test.txt`: 10,000 words, `<unk>` among them.
It is not free to hand on, so nothing downloads it. WikiText-2's folder
(`wiki.train.tokens`, ...) is read by the same name, with the changes that NAO's scripts
make:

python launch.py --config=ptb --config.data.path=wikitext-2 --mode=train \\
    --architecture=nao_rnn --config.train.units=700 --config.train.epochs=2000 \\
    --config.train.dropout_hidden=0.15 --config.train.weight_decay=5e-7

Both recipes are those of NAO (Luo et al., 2018, section 4.2, and its released scripts):
SGD at a rate of 20, from when the validation part has not got better for 5 epochs
averaged, clipping at 0.25, weight decay 8e-7, batches of 64, windows of about 35 words
or, one time in 20, of half as many, dropout of 0.2, 0.75, 0.25 and 0.75 of embeddings,
inputs, states and outputs, temporal regularisation of 1e-3. Children have 300 units and
10 epochs here; NAO trained about 1,500 of 850 units for 600 epochs. The final training
is of 850 units and 4,000 epochs. Departures: no window is longer than 45 words, and
decay is added after clipping.

Published with it, perplexity of the test part: `nao_rnn` 56.0 on Penn Treebank, of
27,295,000 parameters, and 67.1 on WikiText-2; `nao_ws_rnn` 56.6; `darts_v2_rnn` 55.7 by
DARTS's own recipe. NAO's search took 300 GPU days, its final training 4 days of a V100.
Not run here.
"""

from nao.child import ChildConfig, FinalConfig
from nao.config import Config
from nao.data import DataConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    recipe = {
        "window": 35,
        "window_spread": 5,
        "batch_size": 64,
        "learning_rate": 20.0,
        "schedule": "constant",
        "momentum": 0.0,
        "weight_decay": 8e-7,
        "grad_clip": 0.25,
        "dropout": 0.75,
        "dropout_embedding": 0.2,
        "dropout_input": 0.75,
        "dropout_hidden": 0.25,
        "temporal_penalty": 1e-3,
        "average_after": 5,
    }
    return Config(
        num_trials=200,
        space=SpaceConfig("recurrent_cell", num_nodes=11),
        data=DataConfig("text_folder"),
        nao=NAOConfig(num_seed_archs=40, round_size=20),
        child=ChildConfig(units=300, epochs=10, **recipe),
        train=FinalConfig(units=850, epochs=4000, specialised=True, **recipe),
    )
