"""A browser on this machine is answered: a request comes in, a page without any script goes out.

Only 127.0.0.1 listens, only addresses that hold the token are answered, and only under this
machine's own name, so that no page of a stranger can ask. The warehouse is open while it is read.
"""

import secrets
import sys
import threading
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from agp.report.browse import FILTERS, browse, exchange, redacted
from agp.report.live import live
from agp.report.templating import environment
from filters.compile import rule_set
from warehouse.errors import AgpError
from warehouse.expressions.language import MAX_CHARACTERS

POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TRYING = threading.Lock()  # one expression at a time


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1 to those who know its token."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        """Listen on a port, any free one where it is 0."""
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except (OSError, OverflowError):
            raise AgpError(f"port {port} cannot be had; name another with --port") from None

    @property
    def address(self) -> str:
        """Return where a browser finds it."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    timeout = 30  # seconds that a browser may take to ask
    server_version, sys_version = "agp", ""

    def do_GET(self) -> None:  # the name is http.server's
        """Answer a page, its style, or why not."""
        url = urlsplit(self.path)
        _, token, *rest = url.path.split("/") if url.path.count("/") > 1 else ("", "", "")
        if not self.allowed(token):
            self.answer(HTTPStatus.FORBIDDEN, "not here\n", "text/plain")
            return
        if rest == ["style.css"]:
            self.answer(HTTPStatus.OK, drawn("style.css", {}), "text/css")
            return
        asked = dict(parse_qsl(url.query, errors="replace"))
        status, html = answered("/".join(rest), asked)
        self.answer(status, html, "text/html")

    def allowed(self, token: str) -> bool:
        """Say whether the token is ours, and the name that was asked for this machine's."""
        server = self.server
        assert isinstance(server, Server)
        port = server.server_port
        here = self.headers.get("Host") in (f"127.0.0.1:{port}", f"localhost:{port}")
        known = secrets.compare_digest(token.encode(errors="replace"), server.token.encode())
        return here and known

    def answer(self, status: HTTPStatus, text: str, kind: str) -> None:
        """Send a text with the headers that keep it in."""
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: an address holds the token."""


def answered(name: str, asked: dict[str, str]) -> tuple[HTTPStatus, str]:
    """Return the page of a name and its status; an error is a page too, in one line."""
    try:
        if name not in PAGES:
            raise AgpError("there is no such page")
        return HTTPStatus.OK, PAGES[name](asked)
    except AgpError as error:
        said = {"error": " ".join(error.format_message().split()), "asked": form(asked)}
        values = redacted(said) | {"result": None}
        template = "try.html" if name == "try" else "error.html"
        return HTTPStatus.BAD_REQUEST, drawn(template, values)
    except Exception:  # a bug: said here, not to the browser
        traceback.print_exc(file=sys.stderr)
        return HTTPStatus.INTERNAL_SERVER_ERROR, drawn("error.html", {"error": "it failed"})


def browse_page(asked: dict[str, str]) -> str:
    """Return a page of exchanges."""
    found = browse(rule_set(), asked)
    kept = {name: asked[name] for name in FILTERS if asked.get(name)}
    links = {
        "after": urlencode(kept | {"skip": found["skip"] + len(found["rows"])}),
        "before": urlencode(kept | {"skip": max(found["skip"] - 50, 0)}),
    }
    return drawn("browse.html", found | links)


def exchange_page(asked: dict[str, str]) -> str:
    """Return one exchange."""
    return drawn("exchange.html", exchange(rule_set(), asked.get("id", "")))


def try_page(asked: dict[str, str]) -> str:
    """Return the form to try an expression, with what the given one does."""
    result = None
    if asked.get("expression"):
        if not TRYING.acquire(timeout=1):
            raise AgpError("another expression is being tried; wait for it")
        try:
            on = "message" if asked.get("on") == "message" else "exchange"
            result = redacted(live(rule_set(), asked["expression"], on))
        finally:
            TRYING.release()
    return drawn("try.html", redacted({"asked": form(asked)}) | {"result": result, "error": None})


def form(asked: dict[str, str]) -> dict[str, str]:
    """Return the fields of the form to try a rule: empty if not given, cut if far too long."""
    return {name: asked.get(name, "")[: 2 * MAX_CHARACTERS] for name in ("expression", "on")}


def drawn(template: str, values: dict[str, Any]) -> str:
    """Return a template with its values."""
    return environment().get_template(template).render(**values)


PAGES = {"": browse_page, "exchange": exchange_page, "try": try_page}
