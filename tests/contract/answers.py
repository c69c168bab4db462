# SPDX-License-Identifier: MIT
"""What each workload must answer, from the descriptions in docs/contract.md:
the readable reference for whoever writes them in another language. Each
function gives a request's target and the body that it must get.
"""
import hashlib
import math
import random

MASK = (1 << 64) - 1


def mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def check(delay_ns: int, seed: int) -> int:
    return mix((mix(seed) + delay_ns) & MASK) >> 1


def combined(delays_ns: list[int], seed: int) -> int:
    value = 0
    for i, delay_ns in enumerate(delays_ns):
        value = (value * 31 + check(delay_ns, (seed + i) & MASK)) & MASK
    return value


def spun(seed: int, steps: int) -> int:
    x = ((seed + 0x9E3779B97F4A7C15) & MASK) or 1
    for _ in range(steps):
        x ^= x >> 12
        x = (x ^ x << 25) & MASK
        x ^= x >> 27
    return x * 0x2545F4914F6CDD1D & MASK


def heavy(share: int, seed: int) -> bool:
    return seed % 1000 * 617 % 1000 < share


def picture(seed: int, size: int) -> list[list[int]]:
    """Its bytes are those of the generator's states."""
    x, pixels = ((seed + 0x9E3779B97F4A7C15) & MASK) or 1, b""
    while len(pixels) < size * size:
        x ^= x >> 12
        x = (x ^ x << 25) & MASK
        x ^= x >> 27
        pixels += x.to_bytes(8, "little")
    return [list(pixels[y * size:(y + 1) * size]) for y in range(size)]


def blurred(rows: list[list[int]]) -> list[list[int]]:
    last = len(rows) - 1

    def near(i: int) -> list[int]:
        return [max(i - 1, 0), i, min(i + 1, last)]

    return [[sum(rows[v][u] for v in near(y) for u in near(x)) // 9
             for x in range(last + 1)] for y in range(last + 1)]


def hello(seed: int, size: int) -> tuple[str, str]:
    body = "".join(chr(ord("a") + (seed + i) % 26) for i in range(size))
    return f"/hello?size={size}B&seed={seed}", body


def wait(seed: int, us: int) -> tuple[str, str]:
    ns = us * 1000
    return (f"/wait?delay={us}us&seed={seed}",
            f"wait delay_ns={ns} seed={seed} check={check(ns, seed):016x}\n")


def fetch(seed: int, us: int, calls: int) -> tuple[str, str]:
    ns = us * 1000
    return (f"/fetch?delay={us}us&calls={calls}&seed={seed}",
            f"fetch delay_ns={ns} calls={calls} seed={seed} "
            f"check={combined([ns] * calls, seed):016x}\n")


def gather(seed: int, delays_us: list[int]) -> tuple[str, str]:
    text = ",".join(f"{us}us" for us in delays_us)
    value = combined([us * 1000 for us in delays_us], seed)
    return (f"/gather?delays={text}&seed={seed}",
            f"gather calls={len(delays_us)} seed={seed} check={value:016x}\n")


def sleepers(seed: int, us: int, tasks: int) -> tuple[str, str]:
    value = combined([us * 1000] * tasks, seed)
    return (f"/sleepers?tasks={tasks}&delay={us}us&seed={seed}",
            f"sleepers tasks={tasks} seed={seed} check={value:016x}\n")


def spin(seed: int, steps: int) -> tuple[str, str]:
    return (f"/spin?steps={steps}&seed={seed}",
            f"spin steps={steps} seed={seed} state={spun(seed, steps):016x}\n")


def hashed(seed: int, rounds: int) -> tuple[str, str]:
    digest = str(seed).encode()
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return (f"/hash?rounds={rounds}&seed={seed}",
            f"hash rounds={rounds} seed={seed} digest={digest[:8].hex()}\n")


def mixed(seed: int, us: int, steps: int) -> tuple[str, str]:
    ns = us * 1000
    return (f"/mixed?delay={us}us&steps={steps}&seed={seed}",
            f"mixed delay_ns={ns} steps={steps} seed={seed} "
            f"state={spun(check(ns, seed), steps):016x}\n")


def factor(which: int, seed: int, cv_percent: int) -> int:
    """Lognormal of mean 1, in 1,024ths."""
    u, v = ((mix((mix(seed) + 2 * which + i) & MASK) >> 12) * 2.0**-52 + 2.0**-53 for i in (0, 1))
    z = math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)
    variance = math.log1p((cv_percent / 100) ** 2)
    return math.floor(1024 * math.exp(math.sqrt(variance) * z - variance / 2) + 0.5)


def service(seed: int, us: int, calls: int, steps: int, size: int, cv_wait: int,
            cv_cpu: int) -> tuple[str, str]:
    ns = min(us * 1000 * factor(0, seed, cv_wait) // 1024, 3600 * 10**9) // max(calls, 1)
    all_steps = min(steps * factor(1, seed, cv_cpu) // 1024, 10**10)
    state, part = seed, all_steps // (calls + 1)
    for i in range(calls):
        state = (spun(state, part) * 31 + check(ns, (seed + i) & MASK)) & MASK
    state = spun(state, all_steps - calls * part)
    line = f"service seed={seed} state={state:016x} "
    letters = "".join(chr(ord("a") + (seed + i) % 26) for i in range(len(line), size - 1))
    return (f"/service?delay={us}us&calls={calls}&steps={steps}&size={size}B"
            f"&cv_wait={cv_wait}&cv_cpu={cv_cpu}&seed={seed}", f"{line}{letters}\n")


def hog(seed: int, light: int, heavy_steps: int, share: int) -> tuple[str, str]:
    steps = heavy_steps if heavy(share, seed) else light
    return (f"/hog?light={light}&heavy={heavy_steps}&share={share}&seed={seed}",
            f"hog steps={steps} seed={seed} state={spun(seed, steps):016x}\n")


def block(seed: int, us: int, share: int, offload: int) -> tuple[str, str]:
    ns = us * 1000 if heavy(share, seed) else 0
    return (f"/block?delay={us}us&share={share}&offload={offload}&seed={seed}",
            f"block blocked_ns={ns} seed={seed} check={check(ns, seed):016x}\n")


def image(seed: int, size: int, passes: int) -> tuple[str, str]:
    rows = picture(seed, size)
    for _ in range(passes):
        rows = blurred(rows)
    flat = [pixel for row in rows for pixel in row]
    value = sum(pixel * (i + 1) for i, pixel in enumerate(flat))
    return (f"/image?size={size}&passes={passes}&seed={seed}",
            f"image size={size} passes={passes} seed={seed} sum={value:016x}\n")


def counter(seed: int, tasks: int, rounds: int, us: int) -> tuple[str, str]:
    return (f"/counter?tasks={tasks}&rounds={rounds}&delay={us}us&seed={seed}",
            f"counter tasks={tasks} updates={tasks * rounds} seed={seed}\n")


def file(seed: int, size: int, cold: int, offload: int) -> tuple[str, str]:
    """32 files of 1 MiB, of words that are mixed from file and place."""
    drawn, words = mix(seed), -(-size // 8)
    number, first = drawn % 32, (drawn >> 32) % (131072 - words + 1)
    content = b"".join(mix((number << 32) + first + i).to_bytes(8, "little")
                       for i in range(words))[:size].ljust(words * 8, b"\0")
    value = sum(int.from_bytes(content[i * 8:i * 8 + 8], "little") * (i + 1)
                for i in range(words)) & MASK
    return (f"/file?size={size}B&cold={cold}&offload={offload}&seed={seed}",
            f"file size={size} file={number} offset={first * 8} seed={seed} "
            f"sum={value >> 1:016x}\n")


def questions(rng: random.Random) -> list[tuple[str, str]]:
    def seed() -> int:
        return rng.choice([0, 1, MASK, rng.getrandbits(64), rng.getrandbits(16)])

    def delay_us() -> int:
        return rng.choice([0, 1, rng.randrange(3000)])

    return [
        hello(seed(), rng.choice([1, 13, 26, 27, rng.randrange(1, 5000), 1 << 20])),
        wait(seed(), delay_us()),
        fetch(seed(), delay_us(), rng.randrange(1, 6)),
        gather(seed(), [delay_us() for _ in range(rng.choice([1, 2, 7, 64]))]),
        sleepers(seed(), delay_us(), rng.choice([1, 2, 20])),
        spin(seed(), rng.choice([0, 1, rng.randrange(5000)])),
        hashed(seed(), rng.choice([1, 2, rng.randrange(1, 2000)])),
        mixed(seed(), delay_us(), rng.randrange(2000)),
        service(seed(), delay_us(), 0, rng.choice([0, 1, rng.randrange(2000)]), 64, 0, 0),
        service(seed(), delay_us(), rng.randrange(1, 17), rng.randrange(2000),
                rng.choice([64, 80, rng.randrange(64, 5000)]), 0, 0),
        service(seed(), delay_us(), rng.randrange(1, 4), rng.randrange(5000), 80,
                rng.choice([1, 50, 100]), rng.choice([1, 100, 300])),
        hog(seed(), rng.randrange(100), rng.randrange(3000), rng.randrange(1001)),
        block(seed(), delay_us(), rng.choice([0, 1, 500, 1000]), rng.randrange(2)),
        counter(seed(), rng.choice([1, 3]), rng.randrange(1, 5), rng.choice([0, 100])),
        file(seed(), rng.choice([1, 8, 4096, rng.randrange(1, 20000)]), rng.randrange(2),
             rng.randrange(2)),
        image(seed(), rng.choice([1, 2, 3, rng.randrange(1, 20)]), rng.choice([1, 2])),
    ]
