"""Searches a space of your own with a function of your own: a template to copy.

python launch.py --config=custom

Here the space is ten decisions about a network of three layers, three million
combinations, and the function measures one in a few hundredths of a second: weights
stay as they are drawn, and a linear readout alone is fitted, in closed form, to images
of handwritten digits. experiments/results/custom/README.md compares `nao` with random
search on it.
"""

import functools

import numpy as np

from nao.config import Config
from nao.evaluators import FunctionConfig
from nao.spaces import SpaceConfig
from nao.strategies import NAOConfig

NUM_UNITS = 64  # of a layer
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sine": np.sin,
    "step": lambda x: (x > 0).astype(float),
    "bump": lambda x: np.exp(-np.square(x)),
    "square": np.square,
}
SCALES = (0.1, 0.3, 1.0, 3.0, 10.0)  # of the random weights
SLOTS = {
    "activation_1": tuple(ACTIVATIONS),
    "scale_1": SCALES,
    "activation_2": tuple(ACTIVATIONS),
    "scale_2": SCALES,
    "reads_2": ("images", "layer_1", "both"),
    "activation_3": tuple(ACTIVATIONS),
    "scale_3": SCALES,
    "reads_3": ("images", "layer_2", "both"),
    "readout": ("layer_3", "all_layers"),
    "ridge": (0.001, 0.01, 0.1, 1.0, 10.0, 100.0),
}


def get_config() -> Config:
    """Returns the config."""
    return Config(
        num_trials=100,
        evaluator="function",
        space=SpaceConfig(name="custom", slots=SLOTS),
        function=FunctionConfig(name=":accuracy"),
        nao=NAOConfig(num_seed_archs=20, round_size=10),
    )


def accuracy(choices: dict) -> float:
    """Returns the validation accuracy of a network, a fraction."""
    (images, labels), (val_images, val_labels) = _parts()
    features, val_features = layers(choices, images), layers(choices, val_images)
    ridge = choices["ridge"] * np.eye(features.shape[1])
    targets = features.T @ np.eye(10)[labels]
    readout = np.linalg.solve(features.T @ features + ridge, targets)
    return float(np.mean((val_features @ readout).argmax(1) == val_labels))


def layers(choices: dict, images: np.ndarray) -> np.ndarray:
    """Returns what the readout reads of images [num, 64], float [num, width]."""
    outputs = [images]
    for i in (1, 2, 3):
        rng = np.random.default_rng(i)  # a layer's weights are always drawn alike
        reads = choices.get(f"reads_{i}", "images")
        inputs = {"images": images, "both": np.hstack([images, outputs[-1]])}
        x = inputs.get(reads, outputs[-1])
        weights = rng.normal(size=(x.shape[1], NUM_UNITS)) / np.sqrt(x.shape[1])
        x = choices[f"scale_{i}"] * x @ weights + rng.uniform(-1, 1, NUM_UNITS)
        outputs.append(ACTIVATIONS[choices[f"activation_{i}"]](x))
    is_last = choices["readout"] == "layer_3"
    return outputs[-1] if is_last else np.hstack(outputs[1:])


@functools.cache
def _parts() -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns images and labels: 400 to fit the readout to, 600 to validate."""
    import sklearn.datasets

    images, labels = sklearn.datasets.load_digits(return_X_y=True)
    images = (images - images.mean(0)) / images.std()
    order = np.random.default_rng(0).permutation(len(images))
    return [(images[part], labels[part]) for part in np.split(order, [400, 1000])[:2]]
