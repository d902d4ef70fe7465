"""Connections that end where a client stops sending or reading."""

import asyncio

import h11
from uvicorn.protocols.http import h11_impl

HEADER_SECONDS = 10.0  # from the first byte of a request to the last of its headers
SEND_SECONDS = 60.0  # that a client may leave an answer unread
MAX_CONNECTIONS = 256  # at once, each of which holds a body at most
_DETAIL = b'{"detail": "Too many connections are open; ask again later."}'
_FULL = b"\r\n".join(
    [
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_DETAIL),
        b"Retry-After: 1",
        b"Connection: close",
        b"",
        _DETAIL,
    ]
)


# uvicorn closes connections that are silent between requests, but waits for ever for
# the rest of a header, and for a client that reads no more of its answer.
class TimedConnection(h11_impl.H11Protocol):
    """A connection of uvicorn's with a limit on the time of both."""

    _header_timer: asyncio.TimerHandle | None = None
    _send_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Starts to wait for a request."""
        super().connection_made(transport)
        self._watch_header()
        # uvicorn's own limit answers without `Retry-After`.
        if len(self.connections) > MAX_CONNECTIONS:
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Reads, and waits for the rest of a header that is not whole."""
        super().data_received(data)
        self._watch_header()

    def _watch_header(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._header_timer = _stopped(self._header_timer)
        elif self._header_timer is None:
            self._header_timer = self.loop.call_later(
                HEADER_SECONDS, self.transport.abort
            )

    def pause_writing(self) -> None:
        """Starts to wait for the client to read."""
        super().pause_writing()
        self._send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Goes on, as the client has read."""
        super().resume_writing()
        self._send_timer = _stopped(self._send_timer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops waiting."""
        super().connection_lost(exc)
        self._header_timer = _stopped(self._header_timer)
        self._send_timer = _stopped(self._send_timer)


def _stopped(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
