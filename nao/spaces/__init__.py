"""What can be searched: one token grammar per space."""

from nao.spaces.base import Space
from nao.spaces.conv_cell import OPERATION_SETS, ConvCell
from nao.spaces.custom import Constrained, custom
from nao.spaces.description import describe, from_description, is_same
from nao.spaces.nasbench201 import NASBench201
from nao.spaces.recurrent_cell import RecurrentCell
from nao.spaces.registry import SPACES, SpaceConfig, make
from nao.spaces.slot import Choice, Slot
from nao.spaces.subset import Subset
from nao.spaces.topology_cell import TopologyCell
from nao.spaces.topology_family import TopologyFamily

__all__ = [
    "OPERATION_SETS",
    "SPACES",
    "Choice",
    "Constrained",
    "ConvCell",
    "NASBench201",
    "RecurrentCell",
    "Slot",
    "Space",
    "SpaceConfig",
    "Subset",
    "TopologyCell",
    "TopologyFamily",
    "custom",
    "describe",
    "from_description",
    "is_same",
    "make",
]


def __dir__() -> list[str]:
    return __all__
