"""What lies beside the ledger and may change or be forgotten: parties, orders, reports, observations."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, func, insert, select

from kitei.store.engine import reading, writing
from kitei.store.party import Party
from kitei.store.schema import OBSERVATION, PARTY, PUBLISHED, REPORT
from kitei.values import JsonObject, Words
from kitei.watch import Observation, Point


@dataclass(frozen=True, slots=True)
class Published:
    """One node's orders of one generation; `orders` is JSON text, given back to the letter."""

    generation: int
    node: str
    orders: str


@dataclass(frozen=True, slots=True)
class Heard:
    """The last report of a node."""

    node: str
    at: datetime
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Shelf:
    """The tables beside the ledger. `within` a transaction of `SqlBook.writing()`, a change shares its fate."""

    engine: Engine

    def put_party(self, party: Party, *, within: Connection | None = None) -> None:
        """Write a party down anew."""
        with self._writing(within) as connection:
            connection.execute(delete(PARTY).where(PARTY.c.id == party.id))
            connection.execute(
                insert(PARTY).values(
                    id=party.id, name=_both(party.name), address=_both(party.address), more=dict(party.more)
                )
            )

    def party(self, id: str) -> Party | None:
        """None where nothing is known of it (any more)."""
        with reading(self.engine) as connection:
            row = connection.execute(select(PARTY).where(PARTY.c.id == id)).one_or_none()
        return None if row is None else _party(row)

    def parties(self) -> tuple[Party, ...]:
        """All, by id."""
        with reading(self.engine) as connection:
            return tuple(map(_party, connection.execute(select(PARTY).order_by(PARTY.c.id))))

    def forget_party(self, id: str, *, within: Connection | None = None) -> None:
        """Erase what is known of a party; its contracts stay, under its id."""
        with self._writing(within) as connection:
            connection.execute(delete(PARTY).where(PARTY.c.id == id))

    def publish(
        self, generation: int, orders: Mapping[str, str], *, within: Connection | None = None
    ) -> None:
        """Give nodes their orders (JSON text by node) of a generation, all or none; again, they replace."""
        if not orders:
            return
        rows = [{"generation": generation, "node": node, "orders": text} for node, text in orders.items()]
        names = list(orders)
        with self._writing(within) as connection:
            for start in range(0, len(names), 500):  # a statement holds so many names
                these = PUBLISHED.c.node.in_(names[start : start + 500])
                connection.execute(delete(PUBLISHED).where(PUBLISHED.c.generation == generation, these))
            connection.execute(insert(PUBLISHED), rows)

    def orders(self, node: str, after: int = 0) -> Published | None:
        """A node's latest orders, if they are of a generation above `after`."""
        wanted = (
            select(PUBLISHED)
            .where(PUBLISHED.c.node == node, PUBLISHED.c.generation > after)
            .order_by(PUBLISHED.c.generation.desc())
            .limit(1)
        )
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else _published(row)

    def generation(self) -> int:
        """The latest generation, 0 before the first."""
        with reading(self.engine) as connection:
            return connection.execute(select(func.max(PUBLISHED.c.generation))).scalar() or 0

    def published(self, generation: int) -> Mapping[str, str]:
        """All orders given in one generation, by node."""
        wanted = select(PUBLISHED).where(PUBLISHED.c.generation == generation).order_by(PUBLISHED.c.node)
        with reading(self.engine) as connection:
            return {row.node: row.orders for row in connection.execute(wanted)}

    def in_force(self) -> Mapping[str, Published]:
        """The latest orders of every node that was ever given any."""
        latest = (
            select(PUBLISHED.c.node, func.max(PUBLISHED.c.generation).label("generation"))
            .group_by(PUBLISHED.c.node)
            .subquery()
        )
        its = and_(PUBLISHED.c.node == latest.c.node, PUBLISHED.c.generation == latest.c.generation)
        wanted = select(PUBLISHED).join(latest, its).order_by(PUBLISHED.c.node)
        with reading(self.engine) as connection:
            return {row.node: _published(row) for row in connection.execute(wanted)}

    def keep_report(
        self, node: str, at: datetime, body: JsonObject, *, within: Connection | None = None
    ) -> None:
        """Keep a node's report instead of its last one."""
        with self._writing(within) as connection:
            connection.execute(delete(REPORT).where(REPORT.c.node == node))
            connection.execute(insert(REPORT).values(node=node, at=at, body=dict(body)))

    def report(self, node: str) -> Heard | None:
        """The last report of a node, None where it was never heard."""
        with reading(self.engine) as connection:
            row = connection.execute(select(REPORT).where(REPORT.c.node == node)).one_or_none()
        return None if row is None else Heard(row.node, row.at, row.body)

    def reports(self) -> Mapping[str, Heard]:
        """The last report of every node that was ever heard."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(REPORT).order_by(REPORT.c.node)).all()
        return {row.node: Heard(row.node, row.at, row.body) for row in rows}

    def observe(self, seen: Iterable[Observation], *, within: Connection | None = None) -> int:
        """Keep those that change the state of their point; how many did. News told twice adds nothing.

        Later news of an earlier time is kept too where it differs from what was known of that time.
        """
        kept = 0
        with self._writing(within) as connection:
            for each in sorted(seen, key=lambda o: o.at):
                if _state_at(connection, each.point, each.at) is not each.up:
                    connection.execute(insert(OBSERVATION).values(_observation_row(each)))
                    kept += 1
        return kept

    def observations(
        self, *, since: datetime | None = None, until: datetime | None = None, source: str | None = None
    ) -> tuple[Observation, ...]:
        """In order of time, `since` and `until` included; of one source or all."""
        wanted = select(OBSERVATION).order_by(OBSERVATION.c.at, OBSERVATION.c.id)
        if since is not None:
            wanted = wanted.where(OBSERVATION.c.at >= since)
        if until is not None:
            wanted = wanted.where(OBSERVATION.c.at <= until)
        if source is not None:
            wanted = wanted.where(OBSERVATION.c.source == source)
        with reading(self.engine) as connection:
            return tuple(map(_observation, connection.execute(wanted)))

    def observations_after(self, number: int) -> tuple[tuple[int, Observation], ...]:
        """As they were kept, each with its number, those above one."""
        wanted = select(OBSERVATION).where(OBSERVATION.c.id > number).order_by(OBSERVATION.c.id)
        with reading(self.engine) as connection:
            return tuple((row.id, _observation(row)) for row in connection.execute(wanted))

    @contextmanager
    def _writing(self, within: Connection | None) -> Iterator[Connection]:
        if within is not None:
            yield within
            return
        with writing(self.engine) as connection:
            yield connection


def _state_at(connection: Connection, point: Point, at: datetime) -> bool | None:
    column = OBSERVATION.c
    last = (
        select(column.up)
        .where(
            column.source == point.source,
            column.what == point.what,
            column.subject == point.subject,
            column.at <= at,
        )
        .order_by(column.at.desc(), column.id.desc())
        .limit(1)
    )
    return connection.execute(last).scalar()


def _observation(row: Any) -> Observation:
    return Observation(row.at, row.source, row.subject, row.what, row.up, row.heard_at)


def _observation_row(seen: Observation) -> dict[str, Any]:
    return {
        "at": seen.at,
        "source": seen.source,
        "subject": seen.subject,
        "what": seen.what,
        "up": seen.up,
        "heard_at": seen.heard_at,
    }


def _both(words: Words) -> JsonObject:
    return {"ja": words.ja, "en": words.en}


def _party(row: Any) -> Party:
    return Party(row.id, Words(**row.name), Words(**row.address), row.more)


def _published(row: Any) -> Published:
    return Published(row.generation, row.node, row.orders)
