"""Language modelling: what is a window, and what perplexity is."""

import dataclasses
import math

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nao
from nao.child import ChildConfig, ChildTrainer, FinalConfig, TextTask, batches
from nao.data import TextDataset
from nao.evaluators import TrainingEvaluator

SPACE = nao.spaces.custom({"activation": ("tanh", "sine")})
ARCH = np.zeros((1, 1), np.int32)
KEYS = jnp.stack([jax.random.key(0)])


def numbers(num):
    """0, 1, ..., over and over from 5."""
    return np.arange(num, dtype=np.int32) % 5


def dataset(train=41, validation=12, test=9, unit="words"):
    parts = map(numbers, (train, validation, test))
    return TextDataset("counting", tuple("abcde"), *parts, unit)


def cyclic(num, seed):
    """Returns a text in which a token follows from the two before it, int32 [num]."""
    made = [seed, 1]
    for _ in range(num - 2):
        made.append((made[-1] + made[-2] + 1) % 4)
    return np.array(made, np.int32)


class Recurrent(nao.FlaxNet):
    """Embeds tokens, and reads them one after the other."""

    channels: int
    num_outputs: int

    def initial_carry(self, batch):
        return jnp.zeros((batch, self.channels))

    @nn.compact
    def __call__(self, tokens, arch, train, carry):
        embedded = nn.Embed(self.num_outputs, self.channels)(tokens)
        mix, states = nn.Dense(self.channels), []
        for step in range(tokens.shape[1]):
            mixed = mix(jnp.concatenate([embedded[:, step], carry], -1))
            carry = self.choose(arch[0], mixed, nn.tanh, jnp.sin)
            states.append(carry)
        return nn.Dense(self.num_outputs)(jnp.stack(states, 1)), carry


class Uniform(nao.FlaxNet):
    """Knows nothing: all tokens are equally likely to it."""

    num_outputs: int

    def initial_carry(self, batch):
        return jnp.zeros((batch, 1))

    @nn.compact
    def __call__(self, tokens, arch, train, carry):
        scores = self.param("scores", nn.initializers.zeros, (self.num_outputs,))
        return jnp.broadcast_to(scores, (*tokens.shape, self.num_outputs)), carry


class Counting(Uniform):
    """Knows that after each number comes the next."""

    @nn.compact
    def __call__(self, tokens, arch, train, carry):
        scale = self.param("scale", nn.initializers.constant(100.0), ())
        return scale * jax.nn.one_hot((tokens + 1) % 5, 5), carry


class Average(Uniform):
    """Says the more of a token, the more often it has read it, in whatever window."""

    def initial_carry(self, batch):
        return jnp.zeros((batch, self.num_outputs))

    @nn.compact
    def __call__(self, tokens, arch, train, carry):
        scale = self.param("scale", nn.initializers.ones, ())
        read = jax.nn.one_hot(tokens, self.num_outputs)
        counts = carry[:, None] + jnp.cumsum(read, 1)
        return scale * jnp.log1p(counts), counts[:, -1]


def measure(network, task, part="val", devices=None):
    """Returns what an untrained network is measured to be."""
    config = ChildConfig(channels=4, batch_size=1)
    net = network.of(SPACE, task, config)
    trainer = ChildTrainer(net, task, config, devices)
    states = trainer.init(KEYS, ARCH)
    return trainer.evaluate(states, ARCH, part)[0].metrics


def test_windows_are_stretches_and_what_follows_each_token():
    """Of 12 tokens 11 have one before them: two windows of 4 and one of 3."""
    validation = TextTask.of(dataset(), 4).parts["validation"]
    assert validation.inputs.tolist() == [[0, 1, 2, 3], [4, 0, 1, 2], [3, 4, 0, 0]]
    assert validation.targets.tolist() == [[1, 2, 3, 4], [0, 1, 2, 3], [4, 0, 1, -1]]


def test_training_windows_are_whole():
    """Of 41 tokens 40 have one before them: 5 windows of 7, and 5 tokens are left."""
    train = TextTask.of(dataset(), 7).parts["train"]
    assert train.inputs.shape == (5, 7) and train.targets.min() == 0
    np.testing.assert_array_equal(train.inputs.ravel(), numbers(35))
    np.testing.assert_array_equal(train.targets.ravel(), numbers(36)[1:])


def test_rows_of_training_steps_read_on_in_the_text():
    """Of 41 tokens two rows read 4 windows of 5 each: 0 to 19, and 20 to 39."""
    train = TextTask.of(dataset(), 5).parts["train"]
    order = batches.training_order(KEYS[0], len(train.inputs), 2, carries=True)
    read, following = (
        np.moveaxis(own[np.asarray(order)], 1, 0).reshape(2, 20) for own in train
    )
    np.testing.assert_array_equal(read.ravel(), numbers(40))
    np.testing.assert_array_equal(following[:, :-1], read[:, 1:])


@pytest.mark.parametrize("window", [1, 4, 11, 12, 40])
def test_every_token_but_the_first_is_foretold_once(window):
    task = TextTask.of(dataset(), window)
    for part, num in (("validation", 11), ("test", 8)):
        targets = task.parts[part].targets
        assert targets[targets >= 0].tolist() == numbers(num + 1)[1:].tolist()


@pytest.mark.parametrize("window", [0, 41])
def test_a_window_is_no_longer_than_the_text(window):
    message = f"1 to 40, the words that .* part of counting, got {window}"
    with pytest.raises(ValueError, match=message):
        TextTask.of(dataset(), window)


def test_a_window_by_hand():
    """Scores (0, log 3): 1 has 3 / 4 and 0 has 1 / 4; the third has no target."""
    scores = np.log(np.float32([[[1, 3]] * 3]))
    task = TextTask.of(dataset(), 3)
    measures = task.measures(scores, np.array([[1, 0, -1]]))
    nats = math.log(4 / 3) + math.log(4)
    np.testing.assert_allclose(measures["nats"], [nats], rtol=1e-6)
    assert measures["tokens"].tolist() == [2]
    np.testing.assert_allclose(measures["loss"], [nats / 3], rtol=1e-6)


def test_perplexity_is_of_the_tokens_that_count():
    """1.5 windows of 4: 6 tokens of log 8 nats each, in means of two windows."""
    means = {"nats": 6 * math.log(8) / 2, "tokens": 3.0, "loss": 0.0}
    found = TextTask.of(dataset(), 4).measured("val", means)
    assert list(found) == ["val_loss", "val_perplexity"]
    np.testing.assert_allclose(found["val_perplexity"], 8)
    task = TextTask.of(dataset(unit="characters"), 4)
    np.testing.assert_allclose(task.summarise(means)["bits_per_character"], 3)
    assert task.reports == ("loss", "perplexity", "bits_per_character")
    assert task.summarise({"nats": 1e4, "tokens": 1.0})["perplexity"] == math.inf


@pytest.mark.parametrize("part", ["val", "test"])
def test_who_knows_nothing_is_as_perplexed_as_there_are_tokens(part):
    task = TextTask.of(dataset(), 7)
    perplexity = measure(Uniform, task, part)[f"{part}_perplexity"]
    np.testing.assert_allclose(perplexity, 5, rtol=1e-6)


def test_who_knows_the_next_token_is_not_perplexed():
    task = TextTask.of(dataset(validation=100), 7)
    np.testing.assert_allclose(measure(Counting, task)["val_perplexity"], 1, rtol=1e-6)


@dataclasses.dataclass(frozen=True)
class OneStretch(TextTask):
    """Reads a part from its beginning to its end."""

    evaluate_batch = 1


def test_a_text_in_windows_is_measured_as_in_one():
    """What counts all tokens so far can't tell where windows end."""
    text = TextDataset("cyclic", tuple("abcd"), *(cyclic(n, 0) for n in (60, 50, 31)))
    whole = measure(Average, OneStretch.of(text, 49))["val_loss"]
    counts, nats = np.zeros(4), 0.0
    for token, following in zip(text.validation[:-1], text.validation[1:], strict=True):
        counts[token] += 1
        nats -= np.log((1 + counts[following]) / (4 + counts.sum()))
    np.testing.assert_allclose(whole, nats / 49, rtol=1e-5)
    for window in (3, 5, 48):
        cut = measure(Average, OneStretch.of(text, window))
        np.testing.assert_allclose(cut["val_loss"], whole, rtol=1e-5)


def test_stretches_begin_afresh_and_padding_changes_nothing():
    """Of 49 tokens in windows of 2, ten stretches of 3 windows are 8 and one window."""
    text = TextDataset("cyclic", tuple("abcd"), *(cyclic(n, 0) for n in (60, 50, 31)))
    nats = 0.0
    for start in range(0, 49, 6):
        counts = np.zeros(4)
        for place in range(start, min(start + 6, 49)):
            counts[text.validation[place]] += 1
            following = text.validation[place + 1]
            nats -= np.log((1 + counts[following]) / (4 + counts.sum()))
    found = measure(Average, TextTask.of(text, 2))["val_loss"]
    np.testing.assert_allclose(found, nats / 49, rtol=1e-5)


def test_the_hash_is_that_of_the_text_in_whatever_windows():
    assert TextTask.of(dataset(), 3).sha256() == dataset().sha256()
    assert TextTask.of(dataset(), 4).sha256() == dataset().sha256()


def test_programs_are_fixed_to_rules_and_keep_no_text():
    one, two = TextTask.of(dataset(), 3).rules, TextTask.of(dataset(29), 4).rules
    assert one == two and hash(one) == hash(two)
    assert one.text is None and not one.parts


def test_a_saved_network_has_its_vocabulary():
    about = TextTask.of(dataset(unit="characters"), 3).describe()
    assert about["vocabulary"] == ["a", "b", "c", "d", "e"]
    assert about["unit"] == "characters" and about["carries"]


def evaluator(**changes):
    text = TextDataset(
        "cyclic", tuple("abcd"), *(cyclic(num, 0) for num in (400, 120, 60))
    )
    recipe = dict(window=5, channels=8, batch_size=4, learning_rate=0.1)
    config = ChildConfig(**recipe, epochs=8)
    final = FinalConfig(**recipe | {"epochs": 8} | changes)
    return TrainingEvaluator(SPACE, text, config, final, network=Recurrent)


def test_a_recurrent_network_learns_a_text():
    """Two tokens tell the next one: to who knows that, perplexity is 1, else 4."""
    made = evaluator()
    assert made.objective.name == "val_perplexity" and not made.objective.maximize
    assert made.metrics[:3] == ("train_loss", "val_loss", "epochs")
    bound = nao.Constraint("val_loss", at_most=2)
    nao.Goals.of(made, ("val_perplexity", "num_parameters"), constraints=[bound])
    assert made.example == "window" and made.num_examples == {}
    assert made.content == {"data.sha256": made.task.text.sha256()}
    (found,) = made.evaluate(ARCH, KEYS)
    assert 1 <= found.value < 1.2  # not 1: stretches begin without two tokens
    np.testing.assert_allclose(found.metrics["val_loss"], np.log(found.value))
    assert found.metrics["train_loss"] < 0.1


def test_the_final_training_may_have_other_windows():
    """Windows of one token and no gradients through time: all else is as before."""
    made = evaluator(window=1, batch_size=20)
    tested = made.test(ARCH[0], KEYS[0])
    assert list(tested) == ["test_perplexity", "val_perplexity"]
    assert tested["test_perplexity"] < 4
    metrics, child = made.train(ARCH[0], KEYS[0])
    assert metrics["test_perplexity"] == tested["test_perplexity"]
    assert child.net.input_shape == (1,)
