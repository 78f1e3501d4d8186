"""Up to which event each node has been heard, lane by lane: what makes telling twice into hearing once."""

from sqlalchemy import BigInteger, Column, Connection, Engine, MetaData, Table, Text, delete, insert, select

from kitei.store.engine import writing

METADATA = MetaData()
TOLD = Table(
    "told",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("series", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
)


def prepare(engine: Engine) -> None:
    """Make the table where it is missing."""
    with writing(engine) as connection:
        METADATA.create_all(connection)


def told(connection: Connection, node: str, lane: str, series: str) -> int:
    """The number of the last event that was taken; 0 in a series not known."""
    wanted = select(TOLD.c.number).where(TOLD.c.node == node, TOLD.c.lane == lane, TOLD.c.series == series)
    return connection.execute(wanted).scalar() or 0


def note(connection: Connection, node: str, lane: str, series: str, number: int) -> None:
    """All up to `number` is taken. A new series takes the place of the one before."""
    connection.execute(delete(TOLD).where(TOLD.c.node == node, TOLD.c.lane == lane))
    connection.execute(insert(TOLD).values(node=node, lane=lane, series=series, number=number))
