"""Memory tables by a project's own client: questions in, rows as JSON objects out."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client

from lanes.memories.access import KEY, Access
from lanes.memories.keyset import Row, after, among
from lanes.memories.reader import NoTable
from lanes.memories.retry import Retrying
from lanes.memories.settings import MemorySettings
from warehouse.errors import AgpError

NO_TABLE = ("42P01", "PGRST205")
NO_COLUMN = ("42703", "PGRST204")
REFUSED = ("Invalid API key", "No API key found", "JWT", "JWS", "Unauthorized")


class RestReader:
    """Reads by keyset, never by offset, whatever number of rows a request is answered with."""

    def __init__(self, way: Access, settings: MemorySettings, transport: Any = None) -> None:
        """Make the client; nothing is sent yet."""
        self.way, self.settings = way, settings
        self.http = httpx.Client(
            transport=transport or Retrying(settings),
            timeout=settings.timeout_seconds,
            follow_redirects=False,
        )
        options = ClientOptions(
            schema=settings.schema_name,
            httpx_client=self.http,
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
        )
        assert way.key
        try:
            self.client: Client = create_client(way.url, way.key, options)
        except Exception as error:  # its own checks of address and key
            self.http.close()
            raise self.problem(error) from None

    def columns(self, table: str, wanted: Sequence[str]) -> set[str]:
        """Return which of these columns a table has: of a row, else asked one by one."""
        found = self.ask(lambda: self.select(table, "*").limit(1).execute())
        if found.data:
            return set(wanted) & set(found.data[0])
        return {name for name in wanted if self.has(table, name)}

    def has(self, table: str, column: str) -> bool:
        """Say whether a table without rows has a column."""
        try:
            self.client.table(table).select(column).limit(1).execute()
        except APIError as error:
            if error.code in NO_COLUMN:
                return False
            raise self.problem(error) from None
        except httpx.HTTPError as error:
            raise self.problem(error) from None
        return True

    def pages(
        self, table: str, order: Sequence[str], after: Sequence[Any], null: str | None = None
    ) -> Iterator[list[Row]]:
        """Yield all rows after the given values, in order, page by page."""
        yield from self.paged(table, "*", order, after, null)

    def keys(self, table: str, key: Sequence[str]) -> Iterator[list[Row]]:
        """Yield the keys of all rows, page by page."""
        yield from self.paged(table, ",".join(key), key, (), None)

    def paged(
        self,
        table: str,
        columns: str,
        order: Sequence[str],
        start: Sequence[Any],
        null: str | None,
    ) -> Iterator[list[Row]]:
        """Yield pages until one is empty: a server may cap them lower than was asked for."""
        while page := self.ask(lambda at=start: self.page(table, columns, order, at, null)).data:
            yield page
            start = [page[-1][name] for name in order]

    def page(
        self, table: str, columns: str, order: Sequence[str], start: Sequence[Any], null: str | None
    ) -> Any:
        """Ask for one page."""
        query = self.select(table, columns)
        if null is not None:
            query = query.is_(null, "null")
        if start:
            query = query.or_(after(order, start))
        elif null is None:
            query = query.not_.is_(order[0], "null")
        for name in order:
            query = query.order(name)
        return query.limit(self.settings.page).execute()

    def rows(self, table: str, key: Sequence[str], keys: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows of these keys."""
        return self.ask(lambda: self.select(table, "*").or_(among(key, keys)).execute()).data

    def count(self, table: str, key: Sequence[str]) -> int:
        """Return how many rows a table has."""

        def ask() -> Any:
            return self.client.table(table).select(key[0], count="exact").limit(1).execute()  # type: ignore[arg-type]

        return self.ask(ask).count or 0

    def select(self, table: str, columns: str) -> Any:
        """Begin a question."""
        return self.client.table(table).select(columns)

    def ask(self, question: Callable[[], Any]) -> Any:
        """Return the answer to a question, or raise in one line that holds no key."""
        try:
            return question()
        except (APIError, httpx.HTTPError, ValueError) as error:
            raise self.problem(error) from None

    def problem(self, error: Exception) -> Exception:
        """Return what went wrong in one line, without the key."""
        host = self.way.host
        if isinstance(error, APIError):
            said = one_line(error.message or error.details or "it gave no reason")
            if error.code in NO_TABLE:
                return NoTable(said)
            if str(error.code) in ("401", "403", "PGRST301") or said.startswith(REFUSED):
                return AgpError(f"{host} refuses the key ({self.clean(said)}); set {KEY} again")
            return AgpError(f"{host} answers {error.code}: {self.clean(said)}")
        if isinstance(error, httpx.HTTPError):
            kind = "time is up" if isinstance(error, httpx.TimeoutException) else "no connection"
            tries = self.settings.tries
            return AgpError(
                f"{host}: {kind} after {tries} tries; what was read is kept, run it again later"
            )
        return AgpError(f"{host}: {self.clean(one_line(str(error)))}")

    def clean(self, text: str) -> str:
        """Return a text without the key, should one stand in it."""
        return text.replace(self.way.key or "\0", "[KEY]")

    def close(self) -> None:
        """Let go of the connection."""
        self.http.close()


def one_line(text: str) -> str:
    """Return a text of at most 200 characters on one line."""
    return " ".join(str(text).split())[:200]
