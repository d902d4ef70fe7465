"""What the service answers over HTTP: JSON, and refusals of what it can't serve."""

import json
from typing import Any

import fastapi
from fastapi import exceptions, responses
from starlette import types

MAX_BODY = 4 << 20  # bytes of a request


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
    # Without the input itself, which may hold what JSON can't.
    detail = [
        {"loc": [str(part) for part in e["loc"]], "msg": e["msg"], "type": e["type"]}
        for e in error.errors()[:20]
    ]
    return Answer({"detail": detail}, status_code=422)


def refuse_value(request: fastapi.Request, error: ValueError) -> responses.Response:
    """Answers a query that the embedding refuses."""
    detail = [{"loc": ["body"], "msg": str(error)[:1000], "type": "value_error"}]
    return Answer({"detail": detail}, status_code=422)


class BodyLimit:
    """Refuses bodies over `MAX_BODY` bytes before they fill the memory.

    The header may announce a body's size, but need not, nor tell the truth: so bytes
    are counted as they come, too.
    """

    def __init__(self, app: types.ASGIApp):
        self.app = app

    async def __call__(
        self, scope: types.Scope, receive: types.Receive, send: types.Send
    ) -> None:
        """Reads a request's body, and passes the request on or refuses it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = Answer(
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
        # The application asks for the body too, which was taken from the connection.
        whole = {"type": "http.request", "body": b"".join(body), "more_body": False}
        pending = [whole]

        async def replay() -> types.Message:
            return pending.pop() if pending else await receive()

        return await self.app(scope, replay, send)
