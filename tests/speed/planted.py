#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Probes services of known wait, CPU time and places (make probe-planted).

Prints for each what it is, what was told, and whether that is right, WRONG, or
could not be told; and how far the wait and the CPU time are off. One machine
stalls more than another, so what is right here is no matter of a test; a wrong
answer is a fault on any machine, and the exit code is then 1. A service is
right if its limit is; a time that is off by more than 5 % is named.
Arguments are words; services without any of them are left out.
"""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("TROIKA_BUILD", "build/release")).resolve()
TROIKA, PLANTED = BUILD / "troika", f"{BUILD / 'tests/helpers/planted'} {{port}}"
LIMIT_S = 300
WITHIN = 0.05
URL = "http://127.0.0.1:{port}/"
SEVERAL = len(os.sched_getaffinity(0)) > 1
ONE = "one" if SEVERAL else "cpu"

# What it is, its command, its path, the limit, places, wait, CPU time (ms), and
# whether it may use one CPU only.
SERVICES = [
    ("a pool of 5", f"{PLANTED} pool workers=5 wait=20000 cpu=2000", "", "places", 5, 20, 2, False),
    ("a pool of 3", f"{PLANTED} pool workers=3 wait=10000 cpu=200", "", "places", 3, 10, 0.2, False),
    ("one loop", f"{PLANTED} loop wait=10000 cpu=2000", "", ONE, None, 10, 2, False),
    ("one lock, waiting", f"{PLANTED} lock wait=8000", "", "places", 1, 8, None, False),
    ("one lock, computing", f"{PLANTED} lock cpu=3000", "", ONE, None, None, 3, False),
    ("one loop on one CPU", f"{PLANTED} loop cpu=2000", "", "cpu", None, None, 2, True),
    ("thread-pool of 5", f"{BUILD / 'models/thread-pool'} --port {{port}} --workers 5", "wait?delay=20ms",
     "places", 5, 20, None, False),
]


def probe(command: str, path: str, lone: bool) -> dict:
    cpu = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [str(TROIKA), "probe", "--quiet", "--format=json", "--window=500ms", f"--command={command}", URL + path],
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
        preexec_fn=(lambda: os.sched_setaffinity(0, {cpu})) if lone else None)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stderr}")
    return json.loads(done.stdout)


def verdict(facts: dict, limit: str, places: int | None) -> str:
    """A rate that still grew, as a stalled load leaves it, tells nothing either."""
    if facts["limit"] in ("undecided", "none"):
        return "cannot tell"
    right = facts["limit"] == limit and (places is None or round(facts["places"]) == places)
    return "right" if right else "WRONG"


def off(facts: dict, wait_ms: float | None, cpu_ms: float | None) -> str:
    words = []
    for name, fact, truth in (("wait", "wait_ns", wait_ms), ("CPU", "cpu_busy_ns", cpu_ms)):
        if truth is not None and facts[fact] is not None:
            share = facts[fact] / (truth * 1e6) - 1
            words.append(f"{name} {100 * share:+.1f} %{'' if abs(share) <= WITHIN else ' (!)'}")
    return ", ".join(words)


def main(words: list[str]) -> int:
    chosen = [s for s in SERVICES if not words or any(word in s[0] for word in words)]
    if not chosen:
        print(f"no service's name has any of these words: {' '.join(words)}", file=sys.stderr)
        return 2
    counts = {"right": 0, "cannot tell": 0, "WRONG": 0}
    print(f"{'it is':20} {'told':24} {'':12} off by")
    for name, command, path, limit, places, wait_ms, cpu_ms, lone in chosen:
        answer = probe(command, path, lone)
        facts = answer["facts"]
        told = facts["limit"] + (f", {facts['places']:.2f} at once" if facts["places"] is not None else "")
        word = verdict(facts, limit, places)
        counts[word] += 1
        print(f"{name:20} {told:24} {word:12} {off(facts, wait_ms, cpu_ms)}", flush=True)
        if word != "right":
            print(f"    {answer['behaves'] if word == 'WRONG' else answer['doubts'][0]}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
