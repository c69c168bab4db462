# SPDX-License-Identifier: MIT
"""Whether this machine is too busy with others' work for a test of times: a
test that failed beside such work is skipped with these words, for the failure
may be the machine's.
"""
import os
import time

PER_CPU = 4  # tasks that want a CPU, of which this check's own are two or three


def wanting(samples: int = 5) -> float:
    """Tasks that run or wait for a CPU, the median of a few moments."""
    seen = []
    for _ in range(samples):
        with open("/proc/stat") as file:
            seen += [int(line.split()[1]) for line in file if line.startswith("procs_running")]
        time.sleep(0.02)
    return sorted(seen)[len(seen) // 2]


def why() -> str | None:
    """The reason for skipping, or None on a machine that is ours."""
    cpus = len(os.sched_getaffinity(0))
    tasks = wanting()
    if tasks <= PER_CPU * cpus:
        return None
    return f"the machine is busy: {tasks:.0f} tasks want its {cpus} CPUs"
