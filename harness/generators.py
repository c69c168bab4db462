# SPDX-License-Identifier: MIT
"""Compares load generators: one `null` server runs on the first half of the
CPUs, one generator at a time on the others, in random order within each round.
Ratios are taken within rounds.

The generators' own figures are shown but not used. The rate is what the server
counted between two readings inside the run, away from its ends. CPU per request
is all CPU that the kernel charged to the generator's processes, over all
requests that the server counted.

`troika load` computes and compares every body and times every request; wrk runs
with --latency. All generators use one thread, because they have one CPU. Server
and generator have real-time priority if permitted, so that other work on the
machine affects no ratio. This program has a higher one, because it reads the
clock in the middle of a run.
"""

import argparse
import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "reports"))
from data import output  # noqa: E402

BASE = "troika"
SETTLED = 0.2  # share of a run before the first reading, and after the last
LIMIT_S = 30
ATTEMPTS = 3
URGENCY, OWN_URGENCY = 2, 3  # real-time priorities
WARMUP_MS = 200
LIBC, PR_SET_PDEATHSIG = ctypes.CDLL(None), 1
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy

# The command line of each generator, and the pattern of its own rate.
GENERATORS = {
    "troika": (
        "{troika} load --check --format json -c {connections} --warmup {warmup_ms}ms "
        "-d {window_ms}ms {url}",
        r'"throughput_per_s": ([\d.]+)',
    ),
    "wrk": (
        "wrk --latency -t 1 -c {connections} -d {seconds}s {url}",
        r"Requests/sec: +([\d.]+)",
    ),
    "h2load": (
        "h2load --h1 -t 1 -c {connections} -D {seconds} {url}",
        r"finished in [\d.]+m?s, ([\d.]+) req/s",
    ),
    "ab": (
        "ab -k -q -c {connections} -t {seconds} -n 100000000 {url}",
        r"Requests per second: +([\d.]+)",
    ),
}


def halves():
    """The CPUs of the server and those of the generators."""
    cpus = sorted(os.sched_getaffinity(0))
    half = max(1, len(cpus) // 2)
    return set(cpus[:half]), set(cpus[half:]) or set(cpus)


def urge(priority):
    """Asks for real-time priority. Returns whether it was granted."""
    if os.environ.get("TROIKA_URGENCY") == "no":
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        return False
    return True


def spawn(words, cpus, **keywords):
    """Starts a process that the kernel kills if this program ends."""

    def begin():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cpus)
        urge(URGENCY)

    return subprocess.Popen(words, preexec_fn=begin, **keywords)


class Server:
    """The `null` server, which counts the requests that it has answered."""

    def __init__(self, build, cpus):
        words = [str(build / "models" / "null"), "--port=0", "--stats"]
        self.process = spawn(words, cpus, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.address = f"http://127.0.0.1:{ready['port']}"

    def requests(self):
        with LOCAL.open(self.address + "/stats", timeout=5) as answer:
            return json.load(answer)["requests"], time.monotonic_ns()

    def cpu_ns(self):
        text = Path(f"/proc/{self.process.pid}/schedstat").read_text()
        return int(text.split()[0])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=LIMIT_S)


def one_run(name, server, cpus, options):
    """Runs one generator once and returns its figures. A machine may stall for a
    second, so a run without requests between the readings is repeated."""
    for _ in range(ATTEMPTS):
        figures = attempt(name, server, cpus, options)
        if figures["rate_per_s"] > 0:
            return figures
    sys.exit(f"generators: no answers in the middle of {ATTEMPTS} runs of {name}")


def attempt(name, server, cpus, options):
    command, pattern = GENERATORS[name]
    words = command.format(
        troika=options.build / "troika",
        connections=options.connections,
        seconds=options.seconds,
        warmup_ms=WARMUP_MS,
        window_ms=1000 * options.seconds - WARMUP_MS,
        url=server.address + "/hello",
    ).split()
    first, _ = server.requests()
    cpu_ns = server.cpu_ns()
    with tempfile.TemporaryFile("w+") as output:
        process = spawn(words, cpus, stdout=output, stderr=subprocess.STDOUT)
        limit = threading.Timer(options.seconds + LIMIT_S, process.kill)
        limit.start()
        time.sleep(SETTLED * options.seconds)
        low, low_ns = server.requests()
        time.sleep((1 - 2 * SETTLED) * options.seconds)
        high, high_ns = server.requests()
        _, status, usage = os.wait4(process.pid, 0)
        limit.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    last, _ = server.requests()
    said = re.search(pattern, text)
    if process.returncode != 0 or not said or last == first:
        sys.exit(f"generators: {' '.join(words)} failed:\n{text}")
    count = last - first
    return {
        "generator": name,
        "rate_per_s": (high - low) / (high_ns - low_ns) * 1e9,
        "said_rate_per_s": float(said.group(1)),
        "requests": count,
        "cpu_us_per_request": (usage.ru_utime + usage.ru_stime) * 1e6 / count,
        "user_us_per_request": usage.ru_utime * 1e6 / count,
        "server_cpu_us_per_request": (server.cpu_ns() - cpu_ns) / 1e3 / count,
    }


def middle(values):
    """The median with its 95 % interval between order statistics."""
    values, n = sorted(values), len(values)
    chance, tail, low = 0.5**n, 0.0, 0
    while tail + chance <= 0.025:  # of the binomial distribution
        tail += chance
        chance *= (n - low) / (low + 1)
        low += 1
    low = max(low - 1, 0)
    median = (values[(n - 1) // 2] + values[n // 2]) / 2
    return {"median": median, "low": values[low], "high": values[n - 1 - low]}


def summarise(rounds):
    """For each generator its medians, and the ratios of troika's figures to its own."""
    figures = ("rate_per_s", "cpu_us_per_request", "user_us_per_request")
    figures += ("server_cpu_us_per_request", "said_rate_per_s")
    summary = {}
    for name in rounds[0]:
        row = {f: middle([r[name][f] for r in rounds])["median"] for f in figures}
        for ratio, figure in (("rate_ratio", figures[0]), ("cpu_ratio", figures[1])):
            row[ratio] = middle([r[BASE][figure] / r[name][figure] for r in rounds])
        summary[name] = row
    return summary


def words_of(ratio):
    return f"{ratio['median']:.2f} [{ratio['low']:.2f}-{ratio['high']:.2f}]"


def show(summary, count):
    print(f"\n{'':9}{'requests/s':>11}{'CPU us/request':>16}{'(user)':>8}"
          f"{'server us':>11}{'it says':>10}   {BASE} / it: rate        CPU")
    for name, row in summary.items():
        ratios = "" if name == BASE else (
            f"   {words_of(row['rate_ratio']):<20} {words_of(row['cpu_ratio'])}"
        )
        print(f"{name:9}{row['rate_per_s']:11.0f}{row['cpu_us_per_request']:16.2f}"
              f"{row['user_us_per_request']:8.2f}"
              f"{row['server_cpu_us_per_request']:11.2f}"
              f"{row['said_rate_per_s']:10.0f}{ratios}")
    print(f"medians of {count} rounds, [interval of the median, 95 %]")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2, help="length of one run")
    parser.add_argument("-c", "--connections", type=int, default=64)
    parser.add_argument("--only", nargs="+", choices=[g for g in GENERATORS])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "results")
    parser.add_argument("--no-store", action="store_true")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds < 1 or options.connections < 1:
        parser.error("rounds, seconds and connections are at least 1")
    return options


def choose(options):
    chosen = [n for n in options.only or GENERATORS if n == BASE or shutil.which(n)]
    for name in set(options.only or GENERATORS) - set(chosen):
        print(f"left out: {name} is not installed", file=sys.stderr)
    return [BASE] + [name for name in chosen if name != BASE]


def version(name, options):
    """The first line of the generator's version output."""
    flag = {"wrk": "-v", "ab": "-V"}.get(name, "--version")
    words = [options.build / "troika" if name == BASE else name, flag]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout.strip().split("\n")[0]


def main(arguments=None):
    options = parse(arguments)
    started = datetime.now(timezone.utc)
    names, rounds = choose(options), []
    server_cpus, cpus = halves()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    urgent = urge(OWN_URGENCY)
    server = Server(options.build, server_cpus)
    try:
        for name in names:  # not recorded: warms up the server for every generator
            one_run(name, server, cpus, options)
        for number in range(options.rounds):
            runs = {n: None for n in names}
            for name in random.sample(names, len(names)):
                runs[name] = one_run(name, server, cpus, options)
            rounds.append(runs)
            print(f"round {number + 1}: " + "  ".join(
                f"{n} {r['rate_per_s']:.0f}/s {r['cpu_us_per_request']:.2f} us"
                for n, r in runs.items()), flush=True)
    finally:
        server.end()
    summary = summarise(rounds)
    show(summary, len(rounds))
    if options.no_store:
        return
    stored = {
        "schema_version": 1,
        "kind": "generators",
        "started_at": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "connections": options.connections,
        "seconds": options.seconds,
        "server_cpus": sorted(server_cpus),
        "generator_cpus": sorted(cpus),
        "urgent": urgent,
        "versions": {name: version(name, options) for name in names},
        "summary": summary,
        "rounds": rounds,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"generators-{started:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(stored, indent=1) + "\n")
    print(f"stored: {path}")


if __name__ == "__main__":
    sys.exit(output.exit_code("generators", main, sys.argv[1:]))
