"""Embedding queries as JSON over HTTP: `launch.py --mode=serve --workdir=...`.

From Python, with any HTTP client:

    import httpx

    nao = httpx.Client(base_url="http://127.0.0.1:8421")
    cells = ["|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|"]
    nao.post("/predict", json={"architectures": cells}).json()
    nao.post("/ascend", json={"architectures": cells, "steps": 5}).json()["best"]

`/docs` describes every query. There is no code in any request or answer, and a request
can neither read nor write files. Whoever can reach the port may ask: the service binds
to this machine alone unless told otherwise.
"""

import socket
from collections.abc import Mapping

import fastapi
import numpy as np
import pydantic
import uvicorn
from fastapi import exceptions
from starlette.middleware import trustedhost

from nao.embedding import Constraint, Embedding
from nao.embedding.objectives import Prediction
from nao.integrations import answers, lanes, messages
from nao.integrations.connections import TimedConnection

MAX_NUMBERS = 1_000_000  # of an answer, which bounds its memory
MAX_WAITING = 8  # heavy queries; of light ones, eight times as many
QUERY_SECONDS = 120.0  # from a request to its answer
_FEW_ROWS = 32  # what one call of a compiled program takes at most
_MAX_CONNECTIONS = 64  # each holds a body at most
_LOCAL = ("localhost", "127.0.0.1", "::1")
# In a Host header an IPv6 address has brackets; versions of the middleware that cut the
# header at its first colon keep the first of them.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "[")


def create_app(
    embedding: Embedding, hosts: tuple[str, ...] = LOCAL_HOSTS
) -> fastapi.FastAPI:
    """Returns the ASGI application that answers queries on an embedding.

    Args:
        embedding: What is asked.
        hosts: What a request's Host header may name, so that no page in a browser
            reaches the service under another name; `*` is any.
    """
    app = fastapi.FastAPI(
        title="nao embedding",
        description="Queries on the latent space of a fitted controller.",
        version="1",
        default_response_class=answers.Answer,
    )
    app.add_middleware(answers.BodyLimit)
    app.add_middleware(trustedhost.TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_exception_handler(exceptions.RequestValidationError, answers.refuse_request)
    app.add_exception_handler(ValueError, answers.refuse_value)
    app.add_exception_handler(lanes.BusyError, answers.refuse_busy)
    _add_queries(app, _Queries(embedding))
    return app


class _Queries:
    """The queries: each takes a request and returns what JSON can hold.

    A query that the embedding refuses, or whose answer would be too large, raises
    ValueError, which the application answers with status 422. `/docs` shows the
    docstring of each as its summary.
    """

    def __init__(self, embedding: Embedding):
        self.embedding = embedding
        self.evaluated = embedding.index()

    def text(self, tokens: np.ndarray) -> str | list:
        """Writes tokens [..., length] in notation: a text, or lists of texts."""
        if tokens.ndim == 1:
            return self.embedding.space.format(tokens)
        return [self.text(row) for row in tokens]

    def about(self) -> dict:
        """Says what is served."""
        embedding = self.embedding
        return {
            "space": embedding.space.name,
            "slots": {s.name: list(s.choices) for s in embedding.space.slots},
            "objectives": [
                {"name": c.name, "maximize": c.maximize, "unit": c.unit}
                for c in embedding.objectives.columns
            ],
            "num_evaluated": len(embedding.tokens),
            "point_shape": list(embedding.latent.point_shape),
        }

    def encode(self, request: messages.Encode) -> dict:
        """Encodes architectures."""
        embedding = self.embedding
        points = embedding.encoder_outputs(request.architectures)
        answer = {"embeddings": embedding.pool(points).tolist()}
        if request.encoder_outputs:
            answer["points"] = _numbers(points)
        return answer

    def predict(self, request: messages.Predict) -> dict:
        """Predicts objectives of architectures."""
        if request.objective is None:
            return _predictions(self.embedding.predict_all(request.architectures))
        found = self.embedding.predict(request.architectures, request.objective)
        return _predictions({request.objective: found})

    def ascend(self, request: messages.Ascend) -> dict:
        """Ascends from architectures along the gradient of the prediction."""
        size = int(np.prod(self.embedding.latent.point_shape))
        _check_size((request.steps + 1) * len(request.architectures) * size)
        path = self.embedding.ascend(
            request.architectures,
            request.steps,
            request.step_size,
            request.objective,
            _constraints(request.constraints),
        )
        best = path.best()
        answer = {
            "best": self.text(best),
            "predicted": _predictions(self.embedding.predict_all(best)),
            "architectures": self.text(path.tokens),
            "at_points": _predictions(path.at_points),
            "at_architectures": _predictions(path.at_tokens),
        }
        if request.points:
            answer["points"] = _numbers(path.points)
        return answer

    def propose(self, request: messages.Propose) -> dict:
        """Proposes new architectures."""
        found = self.embedding.propose(
            request.num,
            request.objective,
            _constraints(request.constraints),
            confidence=request.confidence,
            seed=request.seed,
        )
        return {
            "architectures": self.text(found.tokens),
            "predicted": _predictions(found.predicted),
        }

    def decode(self, request: messages.Decode) -> dict:
        """Decodes points into architectures."""
        try:
            points = np.array(request.points, np.float32)
        except ValueError:
            raise ValueError("Points must all have the same shape.") from None
        length = self.embedding.space.length
        _check_size(len(points) * (request.num_samples or 1) * length)
        decoded = self.embedding.decode(
            points, request.num_samples, request.temperature, request.seed
        )
        return {"architectures": self.text(decoded)}

    def neighbours(self, request: messages.Neighbours) -> dict:
        """Finds the nearest neighbours of an architecture."""
        among = self.evaluated if request.among is None else request.among
        found = self.embedding.neighbours([request.architecture], request.k, among)
        return {
            "architectures": self.text(found.tokens),
            "distances": _numbers(found.distances),
            "indices": found.indices.tolist(),
        }

    def interpolate(self, request: messages.Interpolate) -> dict:
        """Interpolates between two architectures."""
        points, tokens = self.embedding.interpolate(
            [request.a], [request.b], request.num
        )
        return {
            "architectures": self.text(tokens),
            "predicted": _predictions(self.embedding.predict_all(points)),
        }

    def sample(self, request: messages.Sample) -> dict:
        """Samples architectures."""
        tokens = self.embedding.sample(
            request.num, request.near, request.distance, request.seed
        )
        return {"architectures": self.text(tokens)}

    def map(self, request: messages.Map) -> dict:
        """Maps architectures to the plane."""
        drawn = self.embedding.map(request.architectures, request.method, request.seed)
        explained = drawn.explained
        return {
            "coordinates": _numbers(drawn.coordinates),
            "method": drawn.method,
            "explained": None if explained is None else _numbers(explained),
        }


def _add_queries(app: fastapi.FastAPI, queries: _Queries) -> None:
    """Makes each query a path of the application."""
    app.get("/", summary="Says what is served.")(queries.about)
    heavy = lanes.Lane(MAX_WAITING, QUERY_SECONDS)
    light = lanes.Lane(8 * MAX_WAITING, QUERY_SECONDS)

    def add(name: str, request_type: type) -> None:
        query = getattr(queries, name)

        # Annotated below, as the type of a request is another for each query.
        async def answer(request):
            lane = light if _is_light(request) else heavy
            return await lane.run(lambda: answers.Answer(query(request)))

        # FastAPI names the query and checks its request by these.
        answer.__name__ = name
        answer.__annotations__ = {"request": request_type}
        refused = {
            413: {"description": "The request is too large."},
            503: {"description": "Too many queries wait; ask again later."},
        }
        app.post(f"/{name}", summary=query.__doc__, responses=refused)(answer)

    for name, request_type in (
        ("encode", messages.Encode),
        ("predict", messages.Predict),
        ("ascend", messages.Ascend),
        ("propose", messages.Propose),
        ("decode", messages.Decode),
        ("neighbours", messages.Neighbours),
        ("interpolate", messages.Interpolate),
        ("sample", messages.Sample),
        ("map", messages.Map),
    ):
        add(name, request_type)


def _is_light(request: pydantic.BaseModel) -> bool:
    """Says whether a query takes few calls of compiled programs, whatever else waits.

    Ascents and maps never do.
    """
    match request:
        case messages.Encode() | messages.Predict():
            num = len(request.architectures)
        case messages.Decode():
            num = len(request.points) * (request.num_samples or 1)
        case messages.Neighbours():
            num = len(request.among or ())
        case messages.Interpolate():
            num = request.num
        case messages.Sample():
            num = max(request.num, len(request.near or ()))
        case _:
            return False
    return num <= _FEW_ROWS


def _constraints(bounds: list[messages.Bound]) -> list[Constraint]:
    return [Constraint(bound.name, bound.at_most, bound.at_least) for bound in bounds]


def _predictions(found: Mapping[str, Prediction]) -> dict:
    """Returns mean and spread of each objective's prediction."""
    return {
        name: {"mean": _numbers(p.mean), "std": _numbers(p.std)}
        for name, p in found.items()
    }


def _numbers(array: np.ndarray) -> list:
    """Returns nested lists.

    Raises:
        ValueError: If a number is not finite, which JSON can't hold.
    """
    if not np.isfinite(array).all():
        raise ValueError("The answer has numbers that are not finite.")
    return array.tolist()


def _check_size(num: int) -> None:
    """Raises ValueError for a query that needs too many numbers."""
    if num > MAX_NUMBERS:
        raise ValueError(
            f"A query must need at most {MAX_NUMBERS} numbers, this one needs {num}: "
            "ask for fewer architectures, steps or samples."
        )


def run(embedding: Embedding, host: str, port: int) -> None:
    """Serves until interrupted.

    Args:
        embedding: What is asked.
        host: Address to bind to; only `localhost`, `127.0.0.1` and `::1`
            keep others out.
        port: TCP port.

    Raises:
        ValueError: If the address is empty or can't be bound.
    """
    if not host:
        raise ValueError("host must be an address, got an empty one.")
    hosts = LOCAL_HOSTS if host in _LOCAL else ("*",)
    server = make_server(create_app(embedding, hosts))
    address = f"[{host}]" if ":" in host else host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ValueError(
            f"Can't bind to {address}:{port}: {error.strerror or error}."
        ) from None
    print(
        f"Serving {embedding.space.name} on http://{address}:{bound.getsockname()[1]} "
        f"(queries: /docs)",
        flush=True,
    )
    server.run(sockets=[bound])


def make_server(app: fastapi.FastAPI) -> uvicorn.Server:
    """Returns a server whose clients can hold neither memory nor time without limit."""
    config = uvicorn.Config(
        app,
        http=TimedConnection,
        ws="none",
        log_level="warning",
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16 << 10,  # bytes of a header
    )
    return uvicorn.Server(config)
