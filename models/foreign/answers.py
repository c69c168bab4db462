# SPDX-License-Identifier: MIT
"""The workloads' answers: the bodies, and the computations behind them. The arithmetic
is that of workloads/*.c and models/runtime/clients/backend.c, in Python's own integers.
Nothing here waits.
"""
import hashlib
import itertools
import math
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


_FACTOR_ONE = 1024  # factors are whole numbers of its inverse
_WAIT, _WORK = 0, 1
_WAIT_MAX_NS, _STEPS_MAX = 3600 * 10**9, 10**10


def _uniform(bits: int) -> float:
    """In (0, 1): 52 bits, in the middle of their step."""
    return ((bits >> 12) + 0.5) * 2.0**-52


def _factor(which: int, seed: int, cv_percent: int) -> int:
    """How much this request has of the mean, in 1,024ths: lognormal of mean 1. Rounded,
    so that all languages agree (workloads/factor.h)."""
    if cv_percent == 0:
        return _FACTOR_ONE
    state = mix(seed) + 2 * which
    radius = math.sqrt(-2 * math.log(_uniform(mix(state))))
    z = radius * math.cos(2 * math.pi * _uniform(mix(state + 1)))
    cv = cv_percent / 100
    variance = math.log1p(cv * cv)
    return math.floor(_FACTOR_ONE * math.exp(math.sqrt(variance) * z - variance / 2) + 0.5)


def service_parts(delay_ns: int, calls: int, steps: int, cv_wait: int, cv_cpu: int,
                  seed: int) -> tuple[int, list[int]]:
    """The delay of each call, and the steps before each call and after the last."""
    factor = _factor(_WORK, seed, cv_cpu)
    part, rest = divmod(min(steps * factor // _FACTOR_ONE, _STEPS_MAX), calls + 1)
    parts = [part] * calls + [part + rest]
    if calls == 0:
        return 0, parts
    factor = _factor(_WAIT, seed, cv_wait)
    return min(delay_ns * factor // _FACTOR_ONE, _WAIT_MAX_NS) // calls, parts


def service_state(state: int, proof: int) -> int:
    """What the work after a call starts from."""
    return (state * 31 + proof) & MASK


_ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


def letters(first: int, size: int) -> bytes:
    """The alphabet over and over, from letter `first`."""
    first %= 26
    return (_ALPHABET * ((first + size) // 26 + 1))[first:first + size]


def service_body(size: int, seed: int, state: int) -> bytes:
    """Exactly `size` bytes."""
    line = b"service seed=%d state=%016x " % (seed, state)
    return line + letters(seed + len(line), size - len(line) - 1) + b"\n"


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
