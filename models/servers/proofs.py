# SPDX-License-Identifier: MIT
"""The arithmetic of the workloads query and cache (workloads/query.c, workloads/cache.c):
which rows and keys a seed means, and the proof of what a store sent.
"""
from foreign import answers

SQL = ("SELECT value FROM pg_sleep({delay}), troika_rows WHERE key >= {first} AND key < {end} "
       "ORDER BY key")
_TABLE_ROWS, _KEYS = 10_000, 1_000


def mix_bytes(state: int, data: bytes) -> int:
    """FNV-1a over the bytes, then mixed."""
    state ^= 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & answers.MASK
    return answers.mix(state)


def first_row(rows: int, seed: int) -> int:
    return answers.mix(seed) % (_TABLE_ROWS - rows + 1)


def query_body(delay_ns: int, seed: int, values: list) -> bytes:
    """The body for the values that the database sent."""
    check = 0
    for value in values:
        check = mix_bytes(check, value.encode())
    return b"query rows=%d delay_ns=%d seed=%d check=%016x\n" % (
        len(values), delay_ns, seed, check)


def accesses(size: int, calls: int, writes: int, seed: int):
    """For each call of Redis: whether it stores a value, its key, and that value."""
    for i in range(calls):
        chance = answers.mix(seed + i & answers.MASK)
        number = chance % _KEYS
        yield (answers.mix(chance) % 100 < writes, f"troika:{size}:{number}",
               answers.letters(number, size))


def cache_body(size: int, calls: int, writes: int, seed: int, values: list) -> bytes:
    """The body for the values that Redis sent or took."""
    check = 0
    for value in values:
        check = answers.mix(check ^ mix_bytes(0, value))
    return b"cache size=%d calls=%d writes=%d seed=%d check=%016x\n" % (
        size, calls, writes, seed, check)
