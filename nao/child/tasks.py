"""Which task the data sets that `nao.data` loads are."""

from nao.child.image_task import ImageTask
from nao.child.recipe import TrainingConfig
from nao.child.task import Task
from nao.child.text_task import TextTask
from nao.data.image_dataset import ImageDataset
from nao.data.text_dataset import TextDataset

Learned = Task | ImageDataset | TextDataset


def as_task(learned: Learned, config: TrainingConfig) -> Task:
    """Returns a task as it is, and the task of a data set.

    Args:
        learned: What children learn: a task, images or a text.
        config: How they are trained; a text is cut into windows of its length.

    Raises:
        TypeError: If it is nothing to learn.
        ValueError: If the text is shorter than a window.
    """
    if isinstance(learned, Task):
        return learned
    if isinstance(learned, ImageDataset):
        return ImageTask.of(learned)
    if isinstance(learned, TextDataset):
        return TextTask.of(learned, config.window, config.window_spread)
    raise TypeError(
        "What children learn must be a data set of nao.data.load or a nao.Task, got "
        f"{type(learned).__name__}."
    )
