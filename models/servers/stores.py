# SPDX-License-Identifier: MIT
"""PostgreSQL and Redis for code that may block: psycopg and redis-py, a connection for
each thread, as Django has it. User, database and password come from the environment.
"""
import os
import threading

from foreign.routes import Wrong
import proofs


def per_thread(make):
    """A function that returns what make() made for the calling thread."""
    kept = threading.local()

    def get():
        if not hasattr(kept, "it"):
            kept.it = make()
        return kept.it
    return get


def address(variable: str, name: str) -> tuple[str, int]:
    host, _, port = os.environ.get(variable, "").rpartition(":")
    if not host:
        raise Wrong(503, f"this needs {name}; set {variable}=HOST:PORT")
    return host, int(port)


def _connect():
    import psycopg
    host, port = address("TROIKA_POSTGRESQL", "PostgreSQL")
    return psycopg.connect(host=host, port=port, autocommit=True)


def _client():
    import redis
    host, port = address("TROIKA_REDIS", "Redis")
    return redis.Redis(host=host, port=port, password=os.environ.get("REDISCLI_AUTH"))


_connection, _redis = per_thread(_connect), per_thread(_client)
_SQL = proofs.SQL.format(delay="%s::float8", first="%s", end="%s")


def query(rows: int, delay: int, seed: int) -> bytes:
    first = proofs.first_row(rows, seed)
    found = _connection().execute(_SQL, (delay / 1e9, first, first + rows), prepare=True)
    return proofs.query_body(delay, seed, [row[0] for row in found])


def cache(size: int, calls: int, writes: int, seed: int) -> bytes:
    values, client = [], _redis()
    for write, key, value in proofs.accesses(size, calls, writes, seed):
        found = None if write else client.get(key)
        if found is None:
            client.set(key, value)
        values.append(value if found is None else found)
    return proofs.cache_body(size, calls, writes, seed, values)
