"""Downloads or builds a data set, the only mode that downloads: `--mode=prepare`."""

from nao.commands.request import Request
from nao.data import config as data_config


def run(request: Request) -> None:
    """Makes the data set ready, and prints its sizes."""
    dataset = data_config.prepare(request.config().data)
    sizes = [f"{len(split.labels)} {part}" for part, split in dataset.splits.items()]
    height, width, channels = dataset.image_shape
    print(
        f"{dataset.name} is ready: {', '.join(sizes)} images of {height}x{width}x"
        f"{channels}, {dataset.num_classes} classes."
    )
