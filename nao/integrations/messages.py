"""The requests that a served embedding answers, with a limit on every size."""

from typing import Annotated, Self

import pydantic

MAX_ROWS = 1024  # architectures of a request
_MAX_STEPS = 200  # of an ascent

_Name = Annotated[str, pydantic.Field(max_length=200)]
_Token = Annotated[int, pydantic.Field(ge=0, le=1_000_000)]
_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]
# Types to the letter: true is no number.
_Choice = _Name | pydantic.StrictBool | pydantic.StrictInt | _Number | None
# Of a step, or of how freely something is drawn.
_Amount = Annotated[float, pydantic.Field(ge=0, le=1e6, allow_inf_nan=False)]
_Seed = Annotated[
    int, pydantic.Field(ge=0, lt=2**31, description="Seed of everything random.")
]
# Text in the space's notation or versioned JSON, tokens, or a choice by slot name.
Architecture = (
    Annotated[str, pydantic.Field(max_length=20_000)]
    | Annotated[list[_Token], pydantic.Field(max_length=1000)]
    | Annotated[dict[_Name, _Choice], pydantic.Field(max_length=1000)]
)
_Architectures = Annotated[
    list[Architecture],
    pydantic.Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="Each as text in the space's notation, as tokens, or as choices.",
    ),
]
_One = Annotated[
    Architecture,
    pydantic.Field(
        description="As text in the space's notation, as tokens, or as choices."
    ),
]
_Points = Annotated[
    list[list[list[_Number]]],
    pydantic.Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="As /encode and /ascend return them.",
    ),
]
# The name of an objective, or weights by name.
_Objective = _Name | Annotated[dict[_Name, _Number], pydantic.Field(max_length=100)]
_Wanted = Annotated[
    _Objective | None,
    pydantic.Field(description="A name, or weights by name; the first by default."),
]


_Confidence = Annotated[
    float,
    pydantic.Field(
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="Standard deviations that predictions stay away from a bound.",
    ),
]


class _Request(pydantic.BaseModel):
    """A request without unknown fields, so that a misspelt one is refused.

    Types are to the letter, as in files: true and "3" are no numbers.
    """

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)


class Bound(_Request):
    """A bound on an objective, in its own unit."""

    name: _Name
    at_most: _Number | None = None
    at_least: _Number | None = None


_Bounds = Annotated[
    list[Bound],
    pydantic.Field(max_length=100, description="Bounds, in the objectives' units."),
]


class Architectures(_Request):
    """One or more architectures."""

    architectures: _Architectures


class Points(_Request):
    """Points of the latent space, as /encode and /ascend return them."""

    points: _Points


class Where(_Request):
    """Architectures, or points of the latent space: one of the two."""

    architectures: _Architectures | None = pydantic.Field(
        None, description="Each as text, as tokens, or as choices."
    )
    points: _Points | None = pydantic.Field(
        None, description="As /encode and /ascend return them."
    )

    @pydantic.model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.architectures is None) == (self.points is None):
            raise ValueError("Give architectures or points, one of the two.")
        return self


class Encode(Architectures):
    """Architectures to encode."""

    encoder_outputs: bool = pydantic.Field(
        False, description="Also return points: what /decode reads."
    )


class Predict(Where):
    """What to predict for, and the objective; all by default."""

    objective: _Name | None = pydantic.Field(
        None, description="Its name; all objectives by default."
    )


class Gradient(Where):
    """Where to take the gradient, and of which objective, in what bounds."""

    objective: _Wanted = None
    constraints: _Bounds = []


class Ascend(Where):
    """Where to start, and the objective to climb, in what bounds."""

    steps: int = pydantic.Field(
        20, ge=0, le=_MAX_STEPS, description="Steps of each ascent."
    )
    step_size: _Amount = pydantic.Field(
        0.3, description="How far an encoder output, of length 1, moves in a step."
    )
    objective: _Wanted = None
    constraints: _Bounds = []
    with_points: bool = pydantic.Field(False, description="Also return the points.")


class Propose(_Request):
    """How many new architectures to propose, for which objective, in what bounds."""

    num: int = pydantic.Field(
        10, ge=1, le=MAX_ROWS, description="How many at most; ascent may find fewer."
    )
    objective: _Wanted = None
    constraints: _Bounds = []
    starts: _Architectures | None = pydantic.Field(
        None, description="Where ascents start; the best evaluated ones by default."
    )
    exclude: _Architectures | None = pydantic.Field(
        None, description="Not wanted, besides the evaluated ones."
    )
    confidence: _Confidence = 1.0
    seed: _Seed = 0


class Pareto(_Request):
    """The objectives of a front, all by default, and its bounds."""

    objectives: Annotated[list[_Name], pydantic.Field(max_length=100)] | None = (
        pydantic.Field(None, description="Names of two or more; all by default.")
    )
    constraints: _Bounds = []
    num_directions: int = pydantic.Field(
        5, ge=1, le=20, description="Least number of trade-offs to climb along."
    )
    layers: int = pydantic.Field(
        1, ge=1, le=MAX_ROWS, description="2 adds the front of what is left, and so on."
    )
    exclude: _Architectures | None = pydantic.Field(
        None, description="Not wanted, besides the evaluated ones."
    )
    confidence: _Confidence = 1.0
    seed: _Seed = 0


class Decode(Points):
    """Points to decode, to their likeliest tokens or by drawing."""

    num_samples: int | None = pydantic.Field(
        None, ge=1, le=MAX_ROWS, description="How many to draw; null is greedy."
    )
    temperature: _Amount = pydantic.Field(1.0, description="Of drawing; 0 is greedy.")
    seed: _Seed = 0


class Neighbours(_Request):
    """An architecture; its neighbours come from the evaluated ones by default."""

    architecture: _One
    k: int = pydantic.Field(10, ge=1, le=MAX_ROWS, description="How many.")
    among: _Architectures | None = pydantic.Field(
        None, description="What is searched; the evaluated ones by default."
    )


class Interpolate(_Request):
    """Two architectures, and how many on the way between, these two included."""

    a: _One
    b: _One
    num: int = pydantic.Field(
        10, ge=2, le=MAX_ROWS, description="Points on the way, both ends included."
    )


class Sample(_Request):
    """How many architectures to draw, and near which."""

    num: int = pydantic.Field(10, ge=1, le=MAX_ROWS, description="How many.")
    near: _Architectures | None = pydantic.Field(
        None, description="What to stay near; random architectures by default."
    )
    distance: _Amount = pydantic.Field(
        0.5, description="How far an encoder output, of length 1, moves at random."
    )
    seed: _Seed = 0


class Map(_Request):
    """Architectures to map, the evaluated ones by default, and the method."""

    architectures: _Architectures | None = pydantic.Field(
        None, description="What to map; the evaluated ones by default."
    )
    method: _Name = pydantic.Field("pca", description="pca or tsne.")
    project: _Points | None = pydantic.Field(
        None, description="Points to place on the map, such as those of an ascent."
    )
    seed: _Seed = 0
