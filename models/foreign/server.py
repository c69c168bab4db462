# SPDX-License-Identifier: MIT
"""The part of docs/contract.md that all CPython models share: the flags, --describe,
the listening socket, the ready line, the stop.
"""
import errno
import functools
import json
import os
import re
import resource
import signal
import socket
import sys
import threading
import time

from foreign import http
from foreign.routes import Routes, Wrong

DRAIN_S = 4.0
_WORKERS_MAX = 4096


def gil() -> bool:
    """Whether this interpreter runs one thread at a time."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def cpus() -> int:
    return len(os.sched_getaffinity(0))


class Size:
    """A flag whose value is a size of at most `most_mib` MiB; the default is 0."""

    def __init__(self, name: str, most_mib: int, words: str):
        self.name, self.most_mib, self.help = name, most_mib, words

    def parse(self, text: str) -> int:
        found = re.fullmatch(r"(\d{1,12})(B|KiB|MiB|GiB)", text)
        value = int(found[1]) << {"B": 0, "KiB": 10, "MiB": 20, "GiB": 30}[found[2]] if found else -1
        if not 0 <= value <= self.most_mib << 20:
            raise ValueError
        return value


class Model:
    """A model's description. `workers`: the default of --workers, None if the model has
    no workers. `parallel`: the model uses several CPUs even with a GIL. `offloads`: it
    has a pool for calls that would block its loop. `sizes`: the model's own flags, each
    a size."""

    def __init__(self, summary: str, task: str, *, workers: int | None = None,
                 shared_memory: bool = True, preemptive: bool, parallel: bool = False,
                 offloads: bool = False, sizes: tuple = ()):
        self.name = os.path.basename(sys.argv[0]).removesuffix(".py")
        self.summary, self.task, self.workers, self.sizes = summary, task, workers, sizes
        # What a request occupies while it waits.
        self.discipline = "loop" if task == "coroutine" else "worker" if workers else task
        self.flags = [word for word, there in (
            ("shared-memory", shared_memory), ("preemptive", preemptive),
            ("parallel", parallel or (preemptive and not gil())),
            ("offloads", offloads)) if there]

    def describe(self, workloads: list) -> str:
        return json.dumps({
            "model": self.name, "summary": self.summary, "task": self.task,
            "discipline": self.discipline, "flags": self.flags,
            "yardstick": False, "workers_default": self.workers, "only": workloads,
            "parameters": [{"name": s.name, "unit": "bytes", "default": "0B", "minimum": "0B",
                            "maximum": f"{s.most_mib}MiB", "help": s.help} for s in self.sizes],
            "runtime": {
                "name": {"cpython": "CPython"}.get(sys.implementation.name,
                                                   sys.implementation.name),
                "version": sys.version.split()[0], "gil": gil()}})


def _number(low: int, high: int):
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError
        return int(text)
    parse.__name__ = f"number from {low} to {high}"
    return parse


def _host(text: str) -> str:
    host = "127.0.0.1" if text == "localhost" else text
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        raise ValueError from None
    return host


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return _host(host), _number(1, 65535)(port)


_host.__name__ = "IPv4 address"
_host_and_port.__name__ = "HOST:PORT"


def _parse_flags(model: Model):
    import argparse
    import contextlib
    import io
    parser = argparse.ArgumentParser(prog=model.name, description=model.summary,
                                     allow_abbrev=False)
    parser.add_argument("--address", type=_host, default="127.0.0.1")
    parser.add_argument("--port", type=_number(0, 65535), default=8080)
    parser.add_argument("--backend", type=_host_and_port)
    parser.add_argument("--backlog", type=_number(1, 1 << 20), default=4096)
    parser.add_argument("--stats", action="store_true")
    parser.add_argument("--version", action="version",
                        version=f"{model.name} on Python {sys.version}")
    parser.add_argument("--describe", action="store_true", help="print the model as JSON")
    if model.workers:
        parser.add_argument("--workers", type=_number(1, _WORKERS_MAX), default=model.workers)
    for size in model.sizes:
        parse = functools.partial(size.parse)
        parse.__name__ = f"size up to {size.most_mib}MiB"
        parser.add_argument(f"--{size.name}", type=parse, default=0, help=size.help)
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told):
            return parser.parse_args()
    except SystemExit:
        if told.getvalue():  # --help, --version
            say(model, told.getvalue().rstrip("\n"))
        raise


def settings(model: Model, workloads):
    """The flags. If they only ask for text to be printed, prints it and exits."""
    occupy_standard_descriptors()
    if sys.argv[1:] == ["--describe"]:  # without the parser, because this call is frequent
        say(model, model.describe(sorted(workloads)))
        sys.exit()
    flags = _parse_flags(model)
    if flags.describe:
        say(model, model.describe(sorted(workloads)))
        sys.exit()
    flags.workers = getattr(flags, "workers", None)
    return flags


def listen(model: Model, flags) -> socket.socket:
    """The listening socket; non-blocking, so that accepting can stop."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((flags.address, flags.port))
        listener.listen(flags.backlog)
    except OSError as error:
        sys.exit(f"{model.name}: cannot listen on {flags.address}:{flags.port}: "
                 f"{error.strerror}; take another --address or --port")
    listener.setblocking(False)
    return listener


def occupy_standard_descriptors() -> None:
    """A socket that is opened while a standard descriptor is closed takes its number,
    and would receive the output. So each closed one gets a file that
    refuses its use: for standard input one that cannot be read, for the others one that
    cannot be written."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor else os.O_WRONLY)


def say(model: Model, line: str) -> None:
    """Prints a line. The caller of this program waits for it, so the program ends if
    the line cannot be printed."""
    rest = line.encode() + b"\n"
    try:
        while rest:
            rest = rest[os.write(1, rest):]
    except OSError as error:
        sys.exit(f"{model.name}: standard output cannot be written: {error.strerror}; "
                 "send it elsewhere or free space")


def ready(model: Model, flags, listener: socket.socket) -> None:
    say(model, json.dumps({"ready": True, "port": listener.getsockname()[1], "model": model.name,
                           "workers": flags.workers, "pid": os.getpid()}, separators=(",", ":")))


def accepted(listener: socket.socket, spare: list):
    """Yields the connections that wait. `spare` has a descriptor to give up when there
    is no other, so that a client that cannot be served is told."""
    if not spare:
        spare.append(os.open("/dev/null", os.O_RDONLY))
    while True:
        try:
            yield listener.accept()[0]
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not spare:
                return
            os.close(spare.pop())
            try:
                refuse(listener.accept()[0], "the server is out of file descriptors; raise the "
                                             "limit (ulimit -n) or open fewer connections")
            except OSError:
                return
            finally:
                spare.append(os.open("/dev/null", os.O_RDONLY))


def refuse(client: socket.socket, words: str) -> None:
    """503 and the end, as far as that goes without waiting."""
    with client:
        client.setblocking(False)
        try:
            client.send(http.wrong(http.Request("", False, False, False, 0), False, 503, words))
            client.shutdown(socket.SHUT_WR)
            client.recv(65536)  # unread bytes would turn the close into a reset
        except OSError:
            pass


def parent_watch() -> int | None:
    """A descriptor that becomes readable when the parent has ended; None if the harness
    did not ask the server to end with its parent."""
    named = os.environ.get("TROIKA_DIE_WITH_PARENT", "")
    if not named.isdigit():
        return None
    try:
        if int(named) > 1:
            os.kill(int(named), 0)
        return os.pidfd_open(os.getppid()) if os.getppid() > 0 else None
    except ProcessLookupError:
        os._exit(1)
    except OSError:
        return None


def on_stop(stop) -> None:
    """Calls stop() once, on SIGTERM or SIGINT. Whatever stop() does, the process ends
    half a second after the drain's limit."""
    told = []

    def handler(number, frame):
        if not told:
            told.append(number)
            signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
            signal.setitimer(signal.ITIMER_REAL, DRAIN_S + 0.5)
            stop()
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


class Stats:
    """The figures of GET /stats. Sleeps are not timed, so they are null, not zero."""

    def __init__(self):
        self._requests = 0
        self._updates = [0, 0]  # made, kept
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self._requests += 1

    def count_updates(self, made: int, kept: int) -> None:
        with self._lock:
            self._updates[0] += made
            self._updates[1] += kept

    def take(self, reset: bool) -> bytes:
        with self._lock:
            requests, (made, kept) = self._requests, self._take_updates(reset)
            if reset:
                self._requests = 0
        return json.dumps({"requests": requests, "sleeps": None,
                           "updates": {"made": made, "kept": kept}, "stacks": None}
                          ).encode() + b"\n"

    def _take_updates(self, reset: bool) -> tuple[int, int]:
        made, kept = self._updates
        if reset:
            self._updates = [0, 0]
        return made, kept


def other(routes: Routes, stats: Stats | None, name: str, reset: bool) -> bytes:
    """The body for a route that is not a workload: "/" or "/stats"."""
    if name == "/":
        return routes.listing
    if not stats:
        raise Wrong(404, "no statistics are kept; start the server with --stats")
    return stats.take(reset)


def drain(busy) -> None:
    """Waits until busy() is false, at most the drain's limit."""
    end = time.monotonic() + DRAIN_S
    time.sleep(0.005)  # for tasks that have read a request but not counted it yet
    while busy() and time.monotonic() < end:
        time.sleep(0.005)
