# SPDX-License-Identifier: MIT
"""PostgreSQL and Redis on an event loop: asyncpg and redis-py's asyncio client, each with
a pool of connections. User, database and password come from the environment.
"""
import asyncio
import os

import proofs
from stores import address

POOL_MAX = 900  # connections to a store: no law of a server may depend on it
_SQL = proofs.SQL.format(delay="$3::float8", first="$1::bigint", end="$2::bigint")


class _Once:
    """What the coroutine make() made, made once for the process."""

    def __init__(self, make):
        self._make, self._task = make, None

    async def get(self):
        if not self._task:
            self._task = asyncio.ensure_future(self._make())
        return await asyncio.shield(self._task)


async def _make_pool():
    import asyncpg
    host, port = address("TROIKA_POSTGRESQL", "PostgreSQL")
    return await asyncpg.create_pool(host=host, port=port, min_size=1, max_size=POOL_MAX,
                                     ssl=False)


async def _make_client():
    import redis.asyncio
    host, port = address("TROIKA_REDIS", "Redis")
    pool = redis.asyncio.BlockingConnectionPool(
        host=host, port=port, password=os.environ.get("REDISCLI_AUTH"),
        max_connections=POOL_MAX)
    return redis.asyncio.Redis(connection_pool=pool)


_pool, _client = _Once(_make_pool), _Once(_make_client)


async def query(rows: int, delay: int, seed: int) -> bytes:
    first = proofs.first_row(rows, seed)
    pool = await _pool.get()
    found = await pool.fetch(_SQL, first, first + rows, delay / 1e9)
    return proofs.query_body(delay, seed, [row[0] for row in found])


async def cache(size: int, calls: int, writes: int, seed: int) -> bytes:
    values, client = [], await _client.get()
    for write, key, value in proofs.accesses(size, calls, writes, seed):
        found = None if write else await client.get(key)
        if found is None:
            await client.set(key, value)
        values.append(value if found is None else found)
    return proofs.cache_body(size, calls, writes, seed, values)
