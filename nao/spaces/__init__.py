"""What can be searched: one token grammar per space."""

from nao.spaces.base import Space
from nao.spaces.conv_cell import OPERATION_SETS, ConvCell
from nao.spaces.custom import custom
from nao.spaces.description import describe, from_description
from nao.spaces.nasbench201 import NASBench201
from nao.spaces.registry import SPACES, SpaceConfig, make
from nao.spaces.slot import Slot
from nao.spaces.subset import Subset

__all__ = [
    "OPERATION_SETS",
    "SPACES",
    "ConvCell",
    "NASBench201",
    "Slot",
    "Space",
    "SpaceConfig",
    "Subset",
    "custom",
    "describe",
    "from_description",
    "make",
]


def __dir__() -> list[str]:
    return __all__
