# SPDX-License-Identifier: MIT
"""The workloads as coroutines of one asyncio loop: every wait is awaited.
"""
import asyncio
import errno
import os

from foreign import answers
from foreign.backend import GRACE_S, Exchange, explained, missing, stale
from foreign.server import Stats
from foreign.work import Work

# Whether work is worth offloading, if that depends on its arguments.
_WORTH = {"file": lambda given: given["offload"],
          "block": lambda given: given["offload"] and answers.heavy(given["share"], given["seed"])}


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


class Handlers(Work):
    """A method for each workload: its arguments in, the body out. If CPU work is
    offloaded, `offload(function, *arguments)` is awaited; else `offload` is None and the
    loop computes."""

    def __init__(self, backend: Backend, stats: Stats | None, offload):
        self._call, self._stats, self._offload = backend.call, stats, offload
        if offload:
            for name in ("spin", "hash", "image", "file", "hog", "block"):
                setattr(self, name, self._elsewhere(getattr(Work, name), _WORTH.get(name)))

    def _elsewhere(self, work, worth):
        async def run(**arguments) -> bytes:
            if worth and not worth(arguments):
                return work(**arguments)
            return await self._offload(work, *arguments.values())  # in the table's order
        return run

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

    async def _spin(self, seed: int, steps: int) -> int:
        if self._offload:
            return await self._offload(answers.spin, seed, steps)
        return answers.spin(seed, steps)

    async def mixed(self, delay: int, steps: int, seed: int) -> bytes:
        proof = await self._call(delay, seed)
        return answers.mixed_body(delay, steps, seed, await self._spin(proof, steps))

    async def service(self, delay: int, calls: int, steps: int, size: int, cv_wait: int,
                      cv_cpu: int, seed: int) -> bytes:
        delay, parts = answers.service_parts(delay, calls, steps, cv_wait, cv_cpu, seed)
        state = seed
        for i, part in enumerate(parts):
            if i:
                proof = await self._call(delay, seed + i - 1 & answers.MASK)
                state = answers.service_state(state, proof)
            state = await self._spin(state, part) if part else answers.spin(state, 0)
        return answers.service_body(size, seed, state)

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
