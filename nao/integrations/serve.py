"""Embedding queries as JSON over HTTP: `launch.py --mode=serve --workdir=...`.

From Python, with any HTTP client:

    import httpx

    nao = httpx.Client(base_url="http://127.0.0.1:8421")
    cells = ["|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|"]
    nao.post("/predict", json={"architectures": cells}).json()
    nao.post("/ascend", json={"architectures": cells, "steps": 5}).json()["best"]

`/docs` describes every query, and tries it. There is no code in any request or answer,
and a request can neither read nor write files. Whoever can reach the port may ask: the
service binds to this machine alone unless told otherwise.
"""

import inspect
import socket
from collections.abc import Callable

import fastapi
import pydantic
import uvicorn
from fastapi import exceptions, responses
from starlette.middleware import trustedhost

from nao.embedding import Embedding
from nao.files import one_line
from nao.integrations import answers, lanes, manual, messages
from nao.integrations.connections import TimedConnection
from nao.integrations.queries import Queries

MAX_WAITING = 8  # heavy queries; of light ones, eight times as many
QUERY_SECONDS = 120.0  # from a request to its answer
_FEW_ROWS = 32  # what one call of a compiled program takes at most
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
        # Their pages load scripts from the network, which there may not be.
        docs_url=None,
        redoc_url=None,
        default_response_class=answers.Answer,
    )
    app.add_middleware(answers.BodyLimit)
    app.add_middleware(trustedhost.TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_exception_handler(exceptions.RequestValidationError, answers.refuse_request)
    app.add_exception_handler(ValueError, answers.refuse_value)
    app.add_exception_handler(lanes.BusyError, answers.refuse_busy)
    _add_queries(app, Queries(embedding))
    _add_manual(app, embedding)
    return app


def _add_queries(app: fastapi.FastAPI, queries: Queries) -> None:
    """Makes each query a path of the application."""
    summary, description = _halves(queries.about)
    app.get("/", summary=summary, description=description)(queries.about)
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
        summary, description = _halves(query)
        about = {"summary": summary, "description": description}
        app.post(f"/{name}", **about, responses=refused)(answer)

    for name, request_type in (
        ("encode", messages.Encode),
        ("pool", messages.Points),
        ("decode", messages.Decode),
        ("reconstruction", messages.Architectures),
        ("predict", messages.Predict),
        ("gradient", messages.Gradient),
        ("ascend", messages.Ascend),
        ("propose", messages.Propose),
        ("pareto", messages.Pareto),
        ("neighbours", messages.Neighbours),
        ("interpolate", messages.Interpolate),
        ("sample", messages.Sample),
        ("map", messages.Map),
    ):
        add(name, request_type)


def _add_manual(app: fastapi.FastAPI, embedding: Embedding) -> None:
    """Serves the page about all queries at `/docs`; it needs no network."""
    examples = embedding.format(embedding.tokens[:2])

    @app.get("/docs", include_in_schema=False)
    def docs() -> responses.HTMLResponse:
        return responses.HTMLResponse(manual.to_html(app.openapi(), examples))


def _halves(query: Callable) -> tuple[str, str]:
    """Returns the sentence that a docstring opens with, and what follows."""
    summary, _, rest = inspect.getdoc(query).partition("\n\n")
    return summary, " ".join(rest.split())


def _is_light(request: pydantic.BaseModel) -> bool:
    """Says whether a query takes few calls of compiled programs, whatever else waits.

    Ascents, whatever climbs, and maps never do.
    """
    match request:
        case messages.Predict() | messages.Gradient():
            num = len(request.architectures or request.points)
        case messages.Decode():
            num = len(request.points) * (request.num_samples or 1)
        case messages.Points():
            num = len(request.points)
        case messages.Architectures():
            num = len(request.architectures)
        case messages.Neighbours():
            num = len(request.among or ())
        case messages.Interpolate():
            num = request.num
        case messages.Sample():
            num = max(request.num, len(request.near or ()))
        case _:
            return False
    return num <= _FEW_ROWS


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
    # TypeError and UnicodeError are of hosts that are no text.
    except (OSError, TypeError, UnicodeError) as error:
        raise ValueError(
            f"Can't bind to {address}:{port}: {one_line(error)}."
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
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16 << 10,  # bytes of a header
    )
    return uvicorn.Server(config)
