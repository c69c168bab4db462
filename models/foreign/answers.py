# SPDX-License-Identifier: MIT
"""The workloads' answers: the bodies, and the computations behind them. The arithmetic
is that of workloads/*.c and models/runtime/clients/backend.c, in Python's own integers.
Nothing here waits.
"""
import hashlib
import itertools
import operator
import struct

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(x: int) -> int:
    x = (x + GOLDEN) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def check(delay_ns: int, seed: int) -> int:
    """The proof that a backend call was made."""
    return mix((mix(seed) + delay_ns) & MASK) >> 1


def combine(checks) -> int:
    """Combines the proofs of several calls, in order."""
    value = 0
    for one in checks:
        value = (value * 31 + one) & MASK
    return value


def spin(seed: int, steps: int) -> int:
    """xorshift64*: a loop that the interpreter itself runs."""
    x = (seed + GOLDEN) & MASK or 1
    for _ in range(steps):
        x ^= x >> 12
        x ^= x << 25 & MASK
        x ^= x >> 27
    return x * 0x2545F4914F6CDD1D & MASK


def _blurred(above: bytes, here: bytes, below: bytes) -> bytes:
    """A blurred row: each pixel becomes the mean of itself and the eight around it.
    Pixels beyond the edge repeat the edge."""
    sums = [a + b + c for a, b, c in zip(above, here, below)]
    lefts, rights = itertools.chain(sums[:1], sums), itertools.chain(sums[1:], sums[-1:])
    return bytes([(a + b + c) // 9 for a, b, c in zip(lefts, sums, rights)])


def image(seed: int, size: int, passes: int) -> int:
    """Blurs an image, row by row. Returns the sum of its pixels times their
    positions."""
    states, x = [], (seed + GOLDEN) & MASK or 1
    for _ in range(-(-size * size // 8)):
        x ^= x >> 12
        x ^= x << 25 & MASK
        x ^= x >> 27
        states.append(x)
    pixels = struct.pack(f"<{len(states)}Q", *states)
    rows = [pixels[i:i + size] for i in range(0, size * size, size)]
    for _ in range(passes):
        rows = list(map(_blurred, rows[:1] + rows[:-1], rows, rows[1:] + rows[-1:]))
    return sum(map(operator.mul, b"".join(rows), itertools.count(1)))


def chain(seed: int, rounds: int) -> str:
    """A chain of SHA-256: Python calls the library's native code."""
    sha256 = hashlib.sha256
    digest = str(seed).encode()
    for _ in range(rounds):
        digest = sha256(digest).digest()
    return digest[:8].hex()


def heavy(share: int, seed: int) -> bool:
    """Whether the seed is heavy: `share` of any thousand consecutive seeds are, spread
    evenly."""
    return seed % 1000 * 617 % 1000 < share


def wait_body(delay_ns: int, seed: int) -> bytes:
    return b"wait delay_ns=%d seed=%d check=%016x\n" % (delay_ns, seed, check(delay_ns, seed))


def fetch_body(delay_ns: int, calls: int, seed: int, checks) -> bytes:
    return b"fetch delay_ns=%d calls=%d seed=%d check=%016x\n" % (
        delay_ns, calls, seed, combine(checks))


def gather_body(calls: int, seed: int, checks) -> bytes:
    return b"gather calls=%d seed=%d check=%016x\n" % (calls, seed, combine(checks))


def sleepers_body(tasks: int, seed: int, checks) -> bytes:
    return b"sleepers tasks=%d seed=%d check=%016x\n" % (tasks, seed, combine(checks))


def mixed_body(delay_ns: int, steps: int, seed: int, state: int) -> bytes:
    return b"mixed delay_ns=%d steps=%d seed=%d state=%016x\n" % (delay_ns, steps, seed, state)


def counter_body(tasks: int, updates: int, seed: int) -> bytes:
    return b"counter tasks=%d updates=%d seed=%d\n" % (tasks, updates, seed)
