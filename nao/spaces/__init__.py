"""What can be searched: one token grammar per space."""

from nao.spaces.base import Slot, Space
from nao.spaces.conv_cell import OPERATION_SETS, ConvCell
from nao.spaces.custom import custom
from nao.spaces.description import describe, from_description
from nao.spaces.nasbench201 import NASBench201
from nao.spaces.subset import Subset

__all__ = [
    "OPERATION_SETS",
    "ConvCell",
    "NASBench201",
    "Slot",
    "Space",
    "Subset",
    "custom",
    "describe",
    "from_description",
]
