"""A PostgREST as small as the tests need it, before a real PostgreSQL: give it a URL and a key.

It caps answers at 1,000 rows, refuses other keys with the project's own words, and fails as it is
told to: POST /faults takes {"every": N, "kinds": [...]}. It prints the port it listens on.
"""

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adbc_driver_postgresql import dbapi

CAP = 1000
SLOW = 1.5  # seconds that a time-out lasts
OPERATORS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
PROBLEMS = (
    (r"column (\S+) does not exist", 400, "42703"),
    (r'relation "(\S+)" does not exist', 404, "PGRST205"),
)


class Failing(Exception):
    """An answer that is an error: status and body."""


def name(text: str) -> str:
    """Return a name as SQL reads it."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a value as SQL reads it."""
    return "'" + text.replace("'", "''") + "'"


def condition(column: str, rest: str) -> str:
    """Translate `gt.7` or `not.is.null`."""
    operator, _, value = rest.partition(".")
    if operator == "not":
        return f"not {condition(column, value)}"
    if operator == "is" and value == "null":
        return f"{name(column)} is null"
    if value[:1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return f"{name(column)} {OPERATORS[operator]} {literal(value)}"


def pieces(text: str) -> Iterator[str]:
    """Split at commas outside quotes and parentheses."""
    depth, quoted, start, i = 0, False, 0, 0
    while i < len(text):
        c = text[i]
        if quoted:
            i += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c == "," and not depth:
            yield text[start:i]
            start = i + 1
        depth += 0 if quoted else {"(": 1, ")": -1}.get(c, 0)
        i += 1
    yield text[start:]


def logic(text: str, word: str) -> str:
    """Translate the inside of `or=(...)` or `and(...)`."""
    found = []
    for piece in pieces(text):
        inner = re.fullmatch(r"(and|or)\((.*)\)", piece, re.DOTALL)
        if inner:
            found.append(logic(inner[2], inner[1]))
        else:
            column, _, rest = piece.partition(".")
            found.append(condition(column, rest))
    return f"({f' {word} '.join(found)})"


def statement(table: str, pairs: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the query of a request, and that of the number of its rows."""
    columns, where, order, limit = "*", ["true"], "", CAP
    for key, value in pairs:
        if key == "select":
            columns = "*" if value == "*" else ", ".join(map(name, value.split(",")))
        elif key == "order":
            terms = [term.split(".") for term in value.split(",")]
            order = "order by " + ", ".join(f"{name(t[0])} {' '.join(t[1:2])}" for t in terms)
        elif key == "limit":
            limit = min(int(value), CAP)
        elif key in ("or", "and"):
            where.append(logic(value[1:-1], key))
        elif key != "offset":
            where.append(condition(key, value))
    source = f"from {name(table)} where {' and '.join(where)}"
    rows = f"select {columns} {source} {order} limit {limit}"
    return f"select coalesce(json_agg(t), '[]')::text from ({rows}) t", f"select count(*) {source}"


class Server(ThreadingHTTPServer):
    """The state: where the rows are, which key is right, and what fails next."""

    daemon_threads = True

    def __init__(self, database: str, key: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.database, self.key = database, key
        self.lock, self.local = threading.Lock(), threading.local()
        self.requests = self.failed = 0
        self.faults: list[str] = []
        self.every = 1

    def ask(self, query: str) -> Any:
        """Return the one value of a query."""
        if not hasattr(self.local, "con"):
            self.local.con = dbapi.connect(self.database, autocommit=True)
        with self.local.con.cursor() as cursor:
            cursor.execute(query)
            [(value,)] = cursor.fetchall()
            return value

    def fault(self) -> str | None:
        """Return what this request should meet with."""
        with self.lock:
            self.requests += 1
            if self.faults and self.requests % self.every == 0:
                self.failed += 1
                return self.faults.pop(0)
        return None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def state(self) -> Server:
        """Return what all connections share."""
        assert isinstance(self.server, Server)
        return self.server

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        """Take the faults to come."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.state.every, self.state.faults = told["every"], list(told["kinds"])
        self.state.requests = self.state.failed = 0
        self.answer(200, b"{}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        """Answer a question, unless it is time to fail."""
        parts = urlsplit(self.path)
        if parts.path == "/faults":
            return self.answer(200, json.dumps(self.state.failed).encode())
        fault = self.state.fault()
        if fault and self.fail(fault):
            return None
        key = self.headers.get("apikey")
        if key != self.state.key or self.headers.get("Authorization") != f"Bearer {key}":
            return self.problem(401, None, "Invalid API key")
        rows, count = statement(parts.path.rpartition("/")[2], parse_qsl(parts.query))
        try:
            body = self.state.ask(rows).encode()
            exact = "count=exact" in self.headers.get("Prefer", "")
            total = self.state.ask(count) if exact else "*"
        except dbapi.Error as error:
            return self.explain(str(error))
        return self.answer(200, body, {"Content-Range": f"0-0/{total}"})

    def explain(self, text: str) -> None:
        """Answer with an error of the database as PostgREST words it."""
        for pattern, status, code in PROBLEMS:
            if match := re.search(pattern, text):
                return self.problem(status, code, match[0])
        return self.problem(400, "XX000", text)

    def fail(self, kind: str) -> bool:
        """Fail as told; say whether the request is answered with that."""
        if kind == "slow":
            time.sleep(SLOW)
            self.close_connection = True
            return True
        if kind in ("cut", "reset"):
            if kind == "cut":
                self.answer(200, b'[{"id":', {"Content-Length": "100000"})
            self.wfile.flush()
            self.close_connection = True
            return True
        if kind == "502":
            self.answer(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
            return True
        headers = {"Retry-After": "1"} if kind == "429" else {}
        self.problem(int(kind), None, f"planted {kind}", headers)
        return True

    def problem(
        self, status: int, code: str | None, message: str, headers: dict[str, str] | None = None
    ) -> None:
        """Answer with an error."""
        body = {"message": message, "code": code, "hint": None, "details": None}
        if code is None:
            body = {"message": message}
        self.answer(status, json.dumps(body).encode(), headers)

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Send an answer."""
        all_of = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.send_response(status)
        for key, value in (all_of | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    server = Server(*sys.argv[1:3])
    print(server.server_address[1], flush=True)
    server.serve_forever()
