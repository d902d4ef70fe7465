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

import json
import socket
import threading
from typing import Any

import fastapi
import numpy as np
from fastapi import exceptions, responses
from starlette.middleware import trustedhost

from nao.embedding import Constraint, Embedding
from nao.integrations import messages

MAX_BODY = 4 << 20  # bytes of a request
MAX_NUMBERS = 1_000_000  # of an answer, which bounds its memory
_LOCAL = ("localhost", "127.0.0.1", "::1")


class _Answer(responses.JSONResponse):
    def render(self, content: Any) -> bytes:
        # In ASCII: text of a request may hold what UTF-8 can't.
        return json.dumps(content, allow_nan=False).encode("ascii")


def create_app(
    embedding: Embedding, hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
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
        default_response_class=_Answer,
    )
    app.add_middleware(_BodyLimit)
    app.add_middleware(trustedhost.TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_exception_handler(exceptions.RequestValidationError, _refuse_request)
    app.add_exception_handler(ValueError, _refuse_value)
    _add_queries(app, _Queries(embedding))
    return app


class _Queries:
    """Turns requests into queries, one at a time, and arrays into JSON."""

    def __init__(self, embedding: Embedding):
        self.embedding = embedding
        self.evaluated = embedding.index()
        self.lock = threading.Lock()  # a query already uses every core

    def text(self, tokens: np.ndarray) -> list:
        """Writes tokens [..., length] as nested lists of notation."""
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
        """Encodes."""
        embedding = self.embedding
        points = embedding.encoder_outputs(request.architectures)
        answer = {"embeddings": embedding.pool(points).tolist()}
        if request.encoder_outputs:
            answer["points"] = _numbers(points)
        return answer

    def predict(self, request: messages.Predict) -> dict:
        """Predicts."""
        if request.objective is None:
            return _predictions(self.embedding.predict_all(request.architectures))
        found = self.embedding.predict(request.architectures, request.objective)
        return _predictions({request.objective: found})

    def ascend(self, request: messages.Ascend) -> dict:
        """Climbs."""
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
        """Looks for new architectures."""
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
        """Decodes."""
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
        """Finds neighbours."""
        among = self.evaluated if request.among is None else request.among
        found = self.embedding.neighbours([request.architecture], request.k, among)
        return {
            "architectures": self.text(found.tokens),
            "distances": _numbers(found.distances),
            "indices": found.indices.tolist(),
        }

    def interpolate(self, request: messages.Interpolate) -> dict:
        """Interpolates."""
        points, tokens = self.embedding.interpolate(
            [request.a], [request.b], request.num
        )
        return {
            "architectures": self.text(tokens),
            "predicted": _predictions(self.embedding.predict_all(points)),
        }

    def sample(self, request: messages.Sample) -> dict:
        """Samples."""
        tokens = self.embedding.sample(
            request.num, request.near, request.distance, request.seed
        )
        return {"architectures": self.text(tokens)}

    def map(self, request: messages.Map) -> dict:
        """Maps."""
        drawn = self.embedding.map(request.architectures, request.method, request.seed)
        explained = drawn.explained
        return {
            "coordinates": _numbers(drawn.coordinates),
            "method": drawn.method,
            "explained": None if explained is None else _numbers(explained),
        }


def _add_queries(app: fastapi.FastAPI, queries: _Queries) -> None:
    app.get("/", summary="Says what is served.")(queries.about)

    def add(name: str, request_type: type) -> None:
        query = getattr(queries, name)

        def answer(request):
            with queries.lock:
                return _Answer(query(request))

        answer.__name__ = name
        answer.__annotations__ = {"request": request_type}
        refused = {413: {"description": "The request is too large."}}
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


def _constraints(bounds: list[messages.Bound]) -> list[Constraint]:
    return [Constraint(bound.name, bound.at_most, bound.at_least) for bound in bounds]


def _predictions(found) -> dict:
    return {
        name: {"mean": _numbers(p.mean), "std": _numbers(p.std)}
        for name, p in found.items()
    }


def _numbers(array: np.ndarray) -> list:
    """Returns nested lists, after a check that JSON can hold them."""
    if not np.isfinite(array).all():
        raise ValueError("The answer has numbers that are not finite.")
    return array.tolist()


def _check_size(num: int) -> None:
    if num > MAX_NUMBERS:
        raise ValueError(
            f"A query must need at most {MAX_NUMBERS} numbers, this one needs {num}: "
            "ask for fewer architectures, steps or samples."
        )


def _refuse_request(request: fastapi.Request, error) -> responses.Response:
    # Without the input itself, which may hold what JSON can't.
    detail = [
        {"loc": [str(part) for part in e["loc"]], "msg": e["msg"], "type": e["type"]}
        for e in error.errors()[:20]
    ]
    return _Answer({"detail": detail}, status_code=422)


def _refuse_value(request: fastapi.Request, error) -> responses.Response:
    detail = [{"loc": ["body"], "msg": str(error)[:1000], "type": "value_error"}]
    return _Answer({"detail": detail}, status_code=422)


class _BodyLimit:
    """Refuses bodies over `MAX_BODY`, announced or not, before they are held."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        """Passes a request on, counting its bytes."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = _Answer(
            {"detail": f"A request has at most {MAX_BODY} bytes."}, status_code=413
        )
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > MAX_BODY:
            return await refusal(scope, receive, send)
        size, body = 0, []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None  # the client went away
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                return await refusal(scope, receive, send)
            body.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        whole = {"type": "http.request", "body": b"".join(body), "more_body": False}
        pending = [whole]

        async def replay():
            return pending.pop() if pending else await receive()

        return await self.app(scope, replay, send)


def run(embedding: Embedding, host: str, port: int) -> None:
    """Serves until interrupted.

    Args:
        embedding: What is asked.
        host: Address to bind to; only `localhost`, `127.0.0.1` and `::1`
            keep others out.
        port: TCP port.

    Raises:
        ValueError: If the address can't be bound.
    """
    import uvicorn

    if not host:
        raise ValueError("host must be an address, got an empty one.")
    # Of a Host header that names an IPv6 address, all but its first bracket is cut off.
    hosts = ("localhost", "127.0.0.1", "[") if host in _LOCAL else ("*",)
    config = uvicorn.Config(create_app(embedding, hosts), log_level="warning")
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
    uvicorn.Server(config).run(sockets=[bound])
