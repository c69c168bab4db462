# SPDX-License-Identifier: MIT
"""The workloads as coroutines of one asyncio loop: every wait is awaited.
"""
import asyncio
import errno
import os
import time

from foreign import answers, files
from foreign.backend import GRACE_S, Exchange, explained, missing, stale
from foreign.server import Stats

WORKLOADS = ("hello", "wait", "fetch", "gather", "sleepers", "spin", "hash", "mixed", "image",
             "file", "counter", "hog", "block")


class _Kept(asyncio.Protocol):
    """A connection to the backend, one call at a time."""

    def __init__(self):
        self.transport = self._exchange = self._done = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._done or self._done.done():
            self.transport.abort()  # bytes that nobody asked for
            return
        try:
            if self._exchange.feed(data):
                self._done.set_result(None)
        except OSError as error:
            self._done.set_exception(error)

    def connection_lost(self, error) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(error if isinstance(error, OSError) else
                                     ConnectionResetError(errno.ECONNRESET,
                                                          os.strerror(errno.ECONNRESET)))

    async def run(self, exchange: Exchange, limit_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._exchange, self._done = exchange, loop.create_future()
        late = loop.call_later(limit_s, self.transport.abort)
        try:
            self.transport.write(exchange.request)
            await self._done
        except BaseException:
            self.transport.abort()
            raise
        finally:
            late.cancel()


class Backend:
    """Backend calls over kept connections; the one given back last is taken first."""

    def __init__(self, address: tuple[str, int] | None):
        self._address, self._kept = address, []

    async def call(self, delay_ns: int, seed: int) -> int:
        """Asks the backend to wait; returns its proof."""
        if not self._address:
            raise missing()
        exchange = Exchange(delay_ns, seed)
        try:
            await self._call(exchange, delay_ns / 1e9 + GRACE_S)
        except OSError as error:
            raise explained(self._address, error) from None
        return answers.check(delay_ns, seed)

    async def _call(self, exchange: Exchange, limit_s: float) -> None:
        while self._kept:
            kept = self._kept.pop()
            if kept.transport.is_closing():
                continue
            try:
                return await self._run(exchange, kept, limit_s)
            except OSError as error:
                if not stale(error, exchange):
                    raise
                break
        _, kept = await asyncio.get_running_loop().create_connection(_Kept, *self._address)
        await self._run(exchange, kept, limit_s)

    async def _run(self, exchange: Exchange, kept: _Kept, limit_s: float) -> None:
        await kept.run(exchange, limit_s)
        if exchange.keep:
            self._kept.append(kept)
        else:
            kept.transport.abort()


class Handlers:
    """A method for each workload: its arguments in, the body out. Where CPU
    work is offloaded, `offload(function, *arguments)` is awaited; else it is
    None and the loop computes."""

    def __init__(self, backend: Backend, stats: Stats | None, offload):
        self._call, self._stats, self._offload = backend.call, stats, offload
        if offload:
            for name in ("spin", "hash", "image", "file", "hog", "block"):
                setattr(self, name, getattr(self, f"_{name}_elsewhere"))

    def hello(self, size: int, seed: int) -> bytes:
        return answers.hello_body(size, seed)

    async def wait(self, delay: int, seed: int) -> bytes:
        await asyncio.sleep(delay / 1e9)
        return answers.wait_body(delay, seed)

    async def fetch(self, delay: int, calls: int, seed: int) -> bytes:
        checks = [await self._call(delay, seed + i & answers.MASK) for i in range(calls)]
        return answers.fetch_body(delay, calls, seed, checks)

    async def gather(self, delays: tuple, seed: int) -> bytes:
        checks = await asyncio.gather(*[self._call(delay, seed + i & answers.MASK)
                                        for i, delay in enumerate(delays)],
                                      return_exceptions=True)
        for one in checks:
            if isinstance(one, BaseException):
                raise one
        return answers.gather_body(len(delays), seed, checks)

    async def sleepers(self, tasks: int, delay: int, seed: int) -> bytes:
        async def sleep(i: int) -> int:
            await asyncio.sleep(delay / 1e9)
            return answers.check(delay, seed + i & answers.MASK)
        checks = await asyncio.gather(*map(sleep, range(tasks)))
        return answers.sleepers_body(tasks, seed, checks)

    def spin(self, steps: int, seed: int) -> bytes:
        return answers.spin_body(steps, seed, answers.spin(seed, steps))

    async def _spin_elsewhere(self, steps: int, seed: int) -> bytes:
        return answers.spin_body(steps, seed, await self._offload(answers.spin, seed, steps))

    def hash(self, rounds: int, seed: int) -> bytes:
        return answers.hash_body(rounds, seed, answers.chain(seed, rounds))

    async def _hash_elsewhere(self, rounds: int, seed: int) -> bytes:
        return answers.hash_body(rounds, seed, await self._offload(answers.chain, seed, rounds))

    async def mixed(self, delay: int, steps: int, seed: int) -> bytes:
        proof = await self._call(delay, seed)
        state = (await self._offload(answers.spin, proof, steps) if self._offload
                 else answers.spin(proof, steps))
        return answers.mixed_body(delay, steps, seed, state)

    def image(self, size: int, passes: int, seed: int) -> bytes:
        return answers.image_body(size, passes, seed, answers.image(seed, size, passes))

    async def _image_elsewhere(self, size: int, passes: int, seed: int) -> bytes:
        value = await self._offload(answers.image, seed, size, passes)
        return answers.image_body(size, passes, seed, value)

    def file(self, size: int, cold: int, offload: int, seed: int) -> bytes:
        """A file is always ready, says Linux: reading it blocks the loop."""
        number, offset = files.place(size, seed)
        try:
            proof = files.read(number, offset, size, cold)
        except OSError as error:
            raise files.explained(error) from None
        return answers.file_body(size, number, offset, seed, proof)

    async def _file_elsewhere(self, size: int, cold: int, offload: int, seed: int) -> bytes:
        if not offload:
            return Handlers.file(self, size, cold, offload, seed)
        number, offset = files.place(size, seed)
        try:
            proof = await self._offload(files.read, number, offset, size, cold)
        except OSError as error:
            raise files.explained(error) from None
        return answers.file_body(size, number, offset, seed, proof)

    async def counter(self, tasks: int, rounds: int, delay: int, seed: int) -> bytes:
        """Between two awaits no other task runs."""
        kept = 0

        async def count() -> int:
            nonlocal kept
            for _ in range(rounds):
                seen = kept
                if delay:
                    await asyncio.sleep(delay / 1e9)
                kept = seen + 1
            return rounds
        made = sum(await asyncio.gather(*[count() for _ in range(tasks)]))
        if self._stats:
            self._stats.count_updates(made, kept)
        return answers.counter_body(tasks, made, seed)

    def hog(self, light: int, heavy: int, share: int, seed: int) -> bytes:
        steps = heavy if answers.heavy(share, seed) else light
        return answers.hog_body(steps, seed, answers.spin(seed, steps))

    async def _hog_elsewhere(self, light: int, heavy: int, share: int, seed: int) -> bytes:
        steps = heavy if answers.heavy(share, seed) else light
        return answers.hog_body(steps, seed, await self._offload(answers.spin, seed, steps))

    def block(self, delay: int, share: int, offload: int, seed: int) -> bytes:
        """A call that blocks, where the loop cannot see it."""
        blocked_ns = delay if answers.heavy(share, seed) else 0
        if blocked_ns:
            time.sleep(blocked_ns / 1e9)
        return answers.block_body(blocked_ns, seed)

    async def _block_elsewhere(self, delay: int, share: int, offload: int, seed: int) -> bytes:
        if not offload or not answers.heavy(share, seed):
            return Handlers.block(self, delay, share, offload, seed)
        await self._offload(time.sleep, delay / 1e9)
        return answers.block_body(delay, seed)
