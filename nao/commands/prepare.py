"""Downloads or builds a data set, the only mode that downloads: `--mode=prepare`."""

from nao.commands.request import Request
from nao.data import config as data_config


def run(request: Request) -> None:
    """Makes the data set ready, and prints its sizes."""
    dataset = data_config.prepare(request.config().data)
    print(f"{dataset.name} is ready: {dataset.describe()}.")
