"""Images and their classes as a task."""

import numpy as np

from nao.child import ChildConfig, Classification, ImageTask
from nao.data import PARTS, ImageDataset, Split

PARTS_OF_TWO = dict.fromkeys(PARTS, (np.zeros((2, 3)), np.arange(2)))


def test_a_data_set_of_images_is_a_task():
    images, labels = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3), np.arange(2)
    split = Split(images, labels.astype(np.int32))
    dataset = ImageDataset("two", 2, split, split, split)
    task = ImageTask.of(dataset)
    assert task.sha256() == dataset.sha256()
    assert (task.name, task.num_outputs, task.input_dtype) == ("two", 2, "uint8")
    assert task.describe() == {
        "name": "two",
        "example": "image",
        "objective": "accuracy",
        "carries": False,
    }
    amounts = task.amounts(ChildConfig(shift=2, flip=True))
    assert [int(x) for x in amounts] == [2, 1, 0]
    normalised = task.normalisation.apply(images)
    np.testing.assert_allclose(np.mean(normalised, (0, 1, 2)), 0, atol=1e-6)


def test_classes_are_measured_by_scores():
    """Scores (0, log 3) say class 1 with 3 / 4, class 0 with 1 / 4."""
    scores, labels = np.log(np.float32([[1, 3], [1, 3]])), np.array([1, 0])
    measures = Classification("x", PARTS_OF_TWO).measures(scores, labels)
    assert list(measures) == ["accuracy", "loss"]
    assert measures["accuracy"].tolist() == [True, False]
    np.testing.assert_allclose(measures["loss"], [-np.log(0.75), -np.log(0.25)])
