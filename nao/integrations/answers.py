"""What the service answers over HTTP: JSON, and refusals of what it can't serve."""

import json
from typing import Any

import anyio
import fastapi
from fastapi import exceptions, responses
from starlette import types

MAX_BODY = 4 << 20  # bytes of a request
_MAX_TEXT = 1000  # characters of a refusal's reason
BODY_SECONDS = 30.0  # from its headers to its last byte
_RETRY_SECONDS = 5  # after which a client that was refused may find room


class Answer(responses.JSONResponse):
    """An answer as JSON."""

    def render(self, content: Any) -> bytes:
        """Writes JSON in ASCII."""
        # A refusal may repeat text of the request, which may hold what UTF-8 can't.
        return json.dumps(content, allow_nan=False).encode("ascii")


def refuse_request(
    request: fastapi.Request, error: exceptions.RequestValidationError
) -> responses.Response:
    """Answers a request whose form is wrong."""
    # Without the input itself, which may hold what JSON can't. Names of unknown fields
    # are the request's own, and as long as it likes.
    detail = [
        {
            "loc": [str(part)[:200] for part in e["loc"]],
            "msg": e["msg"][:_MAX_TEXT],
            "type": e["type"],
        }
        for e in error.errors()[:20]
    ]
    return Answer({"detail": detail}, status_code=422)


def refuse_value(request: fastapi.Request, error: ValueError) -> responses.Response:
    """Answers a query that the embedding refuses."""
    detail = [{"loc": ["body"], "msg": str(error)[:_MAX_TEXT], "type": "value_error"}]
    return Answer({"detail": detail}, status_code=422)


def refuse_busy(request: fastapi.Request, error: Exception) -> responses.Response:
    """Answers a query that there is no room or no time for."""
    return Answer(
        {"detail": "Too many queries wait, or this one takes too long: ask again."},
        status_code=503,
        headers={"retry-after": str(_RETRY_SECONDS)},
    )


class BodyLimit:
    """Refuses bodies over `MAX_BODY` bytes, or that take over `BODY_SECONDS`.

    The header may announce a body's size, but need not, nor tell the truth: so bytes
    are counted as they come, too. A refused connection is closed, or its client could
    go on sending.
    """

    def __init__(self, app: types.ASGIApp):
        self.app = app

    async def __call__(
        self, scope: types.Scope, receive: types.Receive, send: types.Send
    ) -> None:
        """Reads a request's body, and passes the request on or refuses it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > MAX_BODY:
            return await _TOO_LARGE(scope, receive, send)
        body = None
        with anyio.move_on_after(BODY_SECONDS) as limit:
            body = await _read(receive)
        if limit.cancelled_caught:
            return await _TOO_SLOW(scope, receive, send)
        if body is None:
            return None  # the client went away
        if len(body) > MAX_BODY:
            return await _TOO_LARGE(scope, receive, send)
        # The application asks for the body too, which was taken from the connection.
        pending = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> types.Message:
            return pending.pop() if pending else await receive()

        return await self.app(scope, replay, send)


async def _read(receive: types.Receive) -> bytearray | None:
    """Returns a body, of a large one its beginning; None where the client went away."""
    body = bytearray()  # a list of pieces of a byte each would take fifty times as much
    while len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


def _refusal(status: int, detail: str) -> Answer:
    """Returns the answer to a request of which the rest is not read."""
    return Answer({"detail": detail}, status, headers={"connection": "close"})


_TOO_LARGE = _refusal(413, f"A request has at most {MAX_BODY} bytes.")
_TOO_SLOW = _refusal(408, f"A request's body takes at most {BODY_SECONDS:g} seconds.")
