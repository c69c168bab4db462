# SPDX-License-Identifier: MIT
"""A synthetic run of 1,008 trials, to measure the cost of its report: 28 load points
(four sweeps, closed and open, and single ones), six models, six blocks, and as many
gates in every trial as in a real one.

By hand: /usr/bin/python3 tests/report/thousand.py DIRECTORY
Then, with what it takes: /usr/bin/python3 tests/report/thousand.py --measure DIRECTORY
"""

import os
import sys
import time

import stored
from asked import EXPERIMENTS, plain, point

MODELS = [
    "serial",
    "thread-per-request",
    "thread-per-connection",
    "event-loop",
    "process-pool",
    "callback",
]
GATES = 45
WAIT_NS = 20_000_000


def sweep(name, over, values):
    """Load points that differ only in connections or in the rate."""
    points = []
    for value in values:
        connections = value if over == "connections" else 256
        p = point(f"{name}-{value}", "wait", "io", "delay=20ms", connections, WAIT_NS, section=name)
        if over == "rate_per_s":
            p["load"].update(mode="open", rate_per_s=float(value), arrivals="poisson")
            p.update(latency_kind="response", headline="latency_p99_ns")
        points.append(p)
    return points


def large():
    points = sweep("closed", "connections", (1, 10, 100, 1000, 10000))
    points += sweep("few", "connections", (2, 4, 8, 16, 32))
    points += sweep("open", "rate_per_s", (100, 200, 400, 800, 1600))
    points += sweep("slow", "rate_per_s", (50, 100, 150, 200, 250))
    points += [point(f"single-{i}", "spin", "cpu", f"steps={i}M", 8, 0) for i in range(1, 9)]
    for p in points:
        p["models"] = MODELS
    return plain("large", "A thousand trials", points)


def write(directory):
    EXPERIMENTS["large"] = large
    run, trials, texts = stored.build("large")
    run["models"] = {m: {"summary": m, "task": "none", "yardstick": False} for m in MODELS}
    words = "what this gate looked at, what it saw and what it allows, in a sentence"
    for t in trials:
        one = {"value": 0.01, "limit": 0.05, "ok": True, "words": words}
        t["gates"] = [{"id": f"gate_{i}", **one} for i in range(GATES)]
    stored.store(directory, run, trials, texts)
    print(f"{len(trials)} trials in {directory}")


def tree_bytes(root):
    """The PSS of a process and its descendants, which counts shared pages once."""
    total, wanted = 0, {root}
    parents = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    for pid in sorted(parents):
        if parents[pid] in wanted:
            wanted.add(pid)
    for pid in wanted:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += next(int(x.split()[1]) for x in file if x.startswith("Pss:")) * 1024
        except (OSError, StopIteration):
            continue
    return total


def measure(directory):
    """Prints the time and CPU time of the report, and the largest sampled memory of its
    process tree."""
    report = os.path.join(os.path.dirname(__file__), "..", "..", "reports", "report.py")
    began, most = time.monotonic(), 0
    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-B", report, directory])
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        most = max(most, tree_bytes(child))
        time.sleep(0.05)
    took, used = time.monotonic() - began, os.times()
    cpu = used.children_user + used.children_system
    print(f"{took:.1f} s, CPU {cpu:.1f} s, at most {most / 2**20:.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--measure":
        measure(sys.argv[2])
    elif len(sys.argv) == 2:
        write(sys.argv[1])
    else:
        sys.exit(__doc__)
