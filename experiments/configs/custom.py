"""Searches a space of your own with a function of your own: a template to copy.

python launch.py --config=custom

Here the space is six decisions about a multilayer perceptron, and the function trains
it on handwritten digits with scikit-learn, about a second each.
"""

import functools
import warnings

from nao.config import Config
from nao.evaluators import FunctionConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=48,
        evaluator="function",
        space=SpaceConfig(
            name="custom",
            slots={
                "layers": (1, 2, 3),
                "units": (8, 16, 32, 64),
                "activation": ("relu", "tanh", "logistic"),
                "learning_rate": (0.0003, 0.001, 0.003, 0.01, 0.03),
                "alpha": (0.0001, 0.001, 0.01, 0.1),
                "batch_size": (16, 32, 64, 128),
            },
        ),
        function=FunctionConfig(name=":accuracy"),
        nao=NAOConfig(num_seed_archs=16, round_size=8),
    )


@functools.cache
def _parts():
    import sklearn.datasets
    import sklearn.model_selection

    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    return sklearn.model_selection.train_test_split(
        images / 16, labels, test_size=0.3, random_state=0
    )


def accuracy(choices: dict[str, str]) -> float:
    """Returns the validation accuracy of a perceptron after 10 epochs."""
    import sklearn.neural_network

    network = sklearn.neural_network.MLPClassifier(
        hidden_layer_sizes=(int(choices["units"]),) * int(choices["layers"]),
        activation=choices["activation"],
        learning_rate_init=float(choices["learning_rate"]),
        alpha=float(choices["alpha"]),
        batch_size=int(choices["batch_size"]),
        max_iter=10,
        random_state=0,
    )
    train_images, validation_images, train_labels, validation_labels = _parts()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It stops before it converges, on purpose.
        network.fit(train_images, train_labels)
    return network.score(validation_images, validation_labels)
