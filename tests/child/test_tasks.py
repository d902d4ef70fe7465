"""Which task a data set is."""

import dataclasses

import numpy as np
import pytest

from nao.child import ChildConfig, ImageTask, Task, TextTask
from nao.child.tasks import as_task
from nao.data import PARTS, ImageDataset, Split, TextDataset

CONFIG = ChildConfig(window=3)
TOKENS = np.array([0, 1, 1, 0, 1], np.int32)


def test_images_are_a_task_and_a_text_is_one():
    split = Split(np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1], np.int32))
    images = as_task(ImageDataset("two", 2, split, split, split), CONFIG)
    assert isinstance(images, ImageTask) and as_task(images, CONFIG) is images
    text = as_task(TextDataset("text", ("a", "b"), *[TOKENS] * 3), CONFIG)
    assert isinstance(text, TextTask) and text.input_shape == (3,)


def test_a_task_stays_what_it_is():
    @dataclasses.dataclass(frozen=True)
    class Own(Task):
        pass

    task = Own("own", dict.fromkeys(PARTS, (TOKENS, TOKENS)))
    assert as_task(task, CONFIG) is task


def test_what_is_nothing_to_learn_is_refused():
    with pytest.raises(
        TypeError, match=r"data set of nao.data.load or a nao.Task, got"
    ):
        as_task("digits", CONFIG)
