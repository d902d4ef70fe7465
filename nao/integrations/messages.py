"""The requests that a served embedding answers, with a limit on every size."""

from typing import Annotated

import pydantic

MAX_ROWS = 1024  # architectures of a request
_MAX_STEPS = 200  # of an ascent

_Name = Annotated[str, pydantic.Field(max_length=200)]
_Token = Annotated[int, pydantic.Field(ge=0, le=1_000_000)]
_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]
# Types to the letter: true is no number.
_Choice = _Name | pydantic.StrictBool | pydantic.StrictInt | _Number | None
_Seed = Annotated[int, pydantic.Field(ge=0, lt=2**31)]
# Text in the space's notation or versioned JSON, tokens, or a choice by slot name.
Architecture = (
    Annotated[str, pydantic.Field(max_length=20_000)]
    | Annotated[list[_Token], pydantic.Field(max_length=1000)]
    | Annotated[dict[_Name, _Choice], pydantic.Field(max_length=1000)]
)
_Architectures = Annotated[
    list[Architecture], pydantic.Field(min_length=1, max_length=MAX_ROWS)
]
_Points = Annotated[
    list[list[list[_Number]]], pydantic.Field(min_length=1, max_length=MAX_ROWS)
]
# The name of an objective, or weights by name.
_Objective = _Name | Annotated[dict[_Name, _Number], pydantic.Field(max_length=100)]


class _Request(pydantic.BaseModel):
    """A request without unknown fields, so that a misspelt one is refused."""

    model_config = pydantic.ConfigDict(extra="forbid")


class Bound(_Request):
    """A bound on an objective, in its own unit."""

    name: _Name
    at_most: _Number | None = None
    at_least: _Number | None = None


class Architectures(_Request):
    """One or more architectures."""

    architectures: _Architectures


class Encode(Architectures):
    """Architectures to encode."""

    encoder_outputs: bool = pydantic.Field(
        False, description="Also return points: what /decode reads."
    )


class Predict(Architectures):
    """Architectures, and the objective to predict; all by default."""

    objective: _Name | None = None


class Ascend(Architectures):
    """Architectures to start from, and the objective to climb."""

    steps: int = pydantic.Field(20, ge=0, le=_MAX_STEPS)
    step_size: float = pydantic.Field(0.3, ge=0, le=1e6, allow_inf_nan=False)
    objective: _Objective | None = None
    constraints: list[Bound] = pydantic.Field([], max_length=100)
    points: bool = pydantic.Field(False, description="Also return the points.")


class Propose(_Request):
    """How many new architectures to propose, for which objective, in what bounds."""

    num: int = pydantic.Field(10, ge=1, le=MAX_ROWS)
    objective: _Objective | None = None
    constraints: list[Bound] = pydantic.Field([], max_length=100)
    confidence: float = pydantic.Field(1.0, ge=0, le=100, allow_inf_nan=False)
    seed: _Seed = 0


class Decode(_Request):
    """Points to decode, as /encode and /ascend return them."""

    points: _Points
    num_samples: int | None = pydantic.Field(None, ge=1, le=MAX_ROWS)
    temperature: float = pydantic.Field(1.0, ge=0, le=1e6, allow_inf_nan=False)
    seed: _Seed = 0


class Neighbours(_Request):
    """An architecture; its neighbours come from the evaluated ones by default."""

    architecture: Architecture
    k: int = pydantic.Field(10, ge=1, le=MAX_ROWS)
    among: _Architectures | None = None


class Interpolate(_Request):
    """Two architectures, and how many on the way between, these two included."""

    a: Architecture
    b: Architecture
    num: int = pydantic.Field(10, ge=2, le=MAX_ROWS)


class Sample(_Request):
    """How many architectures to draw, and near which."""

    num: int = pydantic.Field(10, ge=1, le=MAX_ROWS)
    near: _Architectures | None = None
    distance: float = pydantic.Field(0.5, ge=0, le=1e6, allow_inf_nan=False)
    seed: _Seed = 0


class Map(_Request):
    """Architectures to map, the evaluated ones by default, and the method."""

    architectures: _Architectures | None = None
    method: _Name = "pca"
    seed: _Seed = 0
