"""Requests that are tried again: 429, 5xx, time-outs and cut connections.

The client itself tries again only after some of these, and never waits as long as it is told to.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from lanes.memories.settings import MemorySettings

AGAIN = (httpx.TimeoutException, httpx.TransportError)


class Retrying(httpx.BaseTransport):
    """A transport that reads each answer whole, and asks again while that is of use."""

    def __init__(
        self,
        settings: MemorySettings,
        inner: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take how often and how long; `inner` is what really sends."""
        self.settings, self.sleep = settings, sleep
        self.inner = inner or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the first answer that is one, or the last that is none."""
        for attempt in range(self.settings.tries):
            last = attempt + 1 == self.settings.tries
            asked = None
            try:
                response = self.inner.handle_request(request)
                response.request = request
                response.read()
            except AGAIN:
                if last:
                    raise
            else:
                response.close()
                if last or not (response.status_code == 429 or response.status_code >= 500):
                    return response
                asked = told(response.headers.get("retry-after"))
            self.sleep(self.wait(attempt, asked))
        raise AssertionError("the last attempt returns or raises")

    def wait(self, attempt: int, asked: float | None) -> float:
        """Return how many seconds to wait: as told, else twice as long each time."""
        own = self.settings.first_wait_seconds * 2**attempt
        return min(own if asked is None else asked, self.settings.longest_wait_seconds)

    def close(self) -> None:
        """Close what sends."""
        self.inner.close()


def told(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or a date.

    >>> told("3"), told(None), told("soon"), told("Sun, 06 Nov 1994 08:49:37 GMT")
    (3.0, None, None, 0.0)
    """
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
