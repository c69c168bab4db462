# SPDX-License-Identifier: MIT
"""The workloads in direct style, for models whose tasks may block, and the
answer to a whole request."""
import threading
import time

from foreign import answers, http
from foreign.backend import Backend
from foreign.routes import Routes, Wrong
from foreign.server import Stats, other
from foreign.work import Work


def _at_once(run, count: int) -> list:
    """The results of run(i), in a thread for each i. Every thread that was started is
    joined, whatever happened to the others."""
    results: list = [None] * count

    def keep(i: int) -> None:
        try:
            results[i] = run(i)
        except Wrong as wrong:
            results[i] = wrong
    started: list = []
    try:
        while len(started) < count:
            thread = threading.Thread(target=keep, args=(len(started),))
            thread.start()
            started.append(thread)
    except RuntimeError:
        raise Wrong(503, f"the server is out of threads: {len(started)} of {count} "
                         "start") from None
    finally:
        for thread in started:
            thread.join()
    for one in results:
        if isinstance(one, Wrong):
            raise one
    return results


class Handlers(Work):
    """A method for each workload: its arguments in, the body out."""

    def __init__(self, backend: Backend, stats: Stats | None):
        self._call, self._stats = backend.call, stats

    def wait(self, delay: int, seed: int) -> bytes:
        time.sleep(delay / 1e9)
        return answers.wait_body(delay, seed)

    def fetch(self, delay: int, calls: int, seed: int) -> bytes:
        checks = [self._call(delay, seed + i & answers.MASK) for i in range(calls)]
        return answers.fetch_body(delay, calls, seed, checks)

    def gather(self, delays: tuple, seed: int) -> bytes:
        checks = _at_once(lambda i: self._call(delays[i], seed + i & answers.MASK), len(delays))
        return answers.gather_body(len(delays), seed, checks)

    def sleepers(self, tasks: int, delay: int, seed: int) -> bytes:
        def sleep(i: int) -> int:
            time.sleep(delay / 1e9)
            return answers.check(delay, seed + i & answers.MASK)
        return answers.sleepers_body(tasks, seed, _at_once(sleep, tasks))

    def mixed(self, delay: int, steps: int, seed: int) -> bytes:
        state = answers.spin(self._call(delay, seed), steps)
        return answers.mixed_body(delay, steps, seed, state)

    def service(self, delay: int, calls: int, steps: int, size: int, cv_wait: int,
                cv_cpu: int, seed: int) -> bytes:
        delay, parts = answers.service_parts(delay, calls, steps, cv_wait, cv_cpu, seed)
        state = seed
        for i, part in enumerate(parts):
            if i:
                proof = self._call(delay, seed + i - 1 & answers.MASK)
                state = answers.service_state(state, proof)
            state = answers.spin(state, part)
        return answers.service_body(size, seed, state)

    def counter(self, tasks: int, rounds: int, delay: int, seed: int) -> bytes:
        """Reads and writes are a race. Only a GIL may keep a pair together, by chance:
        CPython releases the GIL only at the end of a loop's body and at a call."""
        kept = 0

        def count(_: int) -> int:
            nonlocal kept
            for _ in range(rounds):
                seen = kept
                if delay:
                    time.sleep(delay / 1e9)
                kept = seen + 1
            return rounds
        made = sum(_at_once(count, tasks))
        if self._stats:
            self._stats.count_updates(made, kept)
        return answers.counter_body(tasks, made, seed)


class Answerer:
    """Turns a complete request into the bytes to send."""

    def __init__(self, routes: Routes, handlers: Handlers, stats: Stats | None):
        self._routes, self._stats = routes, stats
        self._handlers = {name: getattr(handlers, name) for name in routes.names}

    def answer(self, request: http.Request, keep: bool) -> bytes:
        try:
            if request.error:
                raise Wrong(request.error, request.reason())
            name, arguments = self._routes.find(request.target)
            handler = self._handlers.get(name)
            if handler:
                if self._stats:
                    self._stats.count()
                return http.answer(request, keep, handler(**arguments))
            return http.answer(request, keep, other(self._routes, self._stats, name, **arguments),
                               kind=b"application/json")
        except Wrong as wrong:
            return http.wrong(request, keep, wrong.status, wrong.words)
