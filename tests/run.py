#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests: every program of tests/unit and every tests/KIND/test_*.py.

Each test is a process of its own with a time limit; its output is shown only
when it fails. Arguments select by substring: tests/run.py unit histogram.
TROIKA_BUILD names the build directory, TROIKA_TEST_TIMEOUT_S the limit of one
test (default 480, and with a sanitizer, which makes a program two to four times
as slow, 960), TROIKA_TEST_JOBS how many run side by side (default 3: they wait
twice as long as they work),
TROIKA_TEST_TIMES=1 prints the slowest at the end.
"""
import concurrent.futures
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ("fault", "method", "report", "contract", "tidy")
SKIPPED = 77
MACHINE_GATES = "clock,machine_speed,steal,foreign_cpu,swap,major_faults,kernel_drops,steady," \
    "slices_sampled"

# What a build with a sanitizer need not run again, by words of the name. Where
# one thread computes, the thread sanitizer sees nothing; unit/decision has the
# threads of a decision, and method/test_load those of a load. Mutants are built
# without a sanitizer.
NEEDLESS = {
    "tsan": ("unit/simulation", "unit/forecast", "unit/effort", "unit/damaged", "unit/behaviour", "unit/validation",
             "unit/size", "unit/changes", "unit/knee", "unit/precision", "unit/check", "unit/shape",
             "test_servers", "test_install", "test_make", "test_flags", "test_action", "test_forecast", "test_decide", "test_size", "test_map",
             "test_own", "test_terminal", "test_until", "test_ramp", "test_runs", "_mutants"),
    # The servers of test_servers are not ours, and the tables that they read are made with the release alone.
    "asan": ("_mutants", "test_servers", "test_install", "test_make", "test_action", "unit/changes"),
}


def tests(build: pathlib.Path) -> list[tuple[str, list[str]]]:
    """Name and command of each test in a fixed order, the kinds with the
    longest tests first so that the last to end are short."""
    units = sorted(ROOT.glob("tests/unit/*.c"))
    found = [(f"{kind}/{script.stem}", [sys.executable, str(script)]) for kind in KINDS
             for script in sorted(ROOT.glob(f"tests/{kind}/test_*.py"))]
    return found + [(f"unit/{u.stem}", [str(build / "tests" / u.stem)]) for u in units]


RUNNING: set[int] = set()  # process groups of tests


def stop(number: int, _) -> None:
    """A signal to make, which hands it on, leaves no test behind."""
    for group in list(RUNNING):
        os.killpg(group, signal.SIGKILL)
    os._exit(128 + number)


def run(command: list[str], limit_s: float) -> tuple[int, str]:
    """Exit status and output; the test's process group ends with it.

    The output goes to a file, not a pipe: a stray grandchild that keeps a pipe
    open would make the wait for its end endless.
    """
    with tempfile.TemporaryFile(mode="w+", errors="replace") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True)
        # Its group is killed before it is waited for: after that, its number
        # may be another's.
        RUNNING.add(process.pid)
        late = ""
        ended = select.poll()
        pidfd = os.pidfd_open(process.pid)
        ended.register(pidfd, select.POLLIN)
        if not ended.poll(limit_s * 1000):
            late = f"\nended after {limit_s:.0f} s without a result\n"
        os.close(pidfd)
        RUNNING.discard(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        status = 1 if late else status
        output.seek(0)
        return status, output.read() + late


def timed(name: str, command: list[str], limit_s: float) -> tuple[str, int, float, str]:
    start = time.monotonic()
    status, output = run(command, limit_s)
    return name, status, time.monotonic() - start, output


def main(selection: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    build = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
    os.environ["TROIKA_BUILD"] = str(build)
    # Tests judge the tool and not the machine, which may be busy with others;
    # those of these gates put them on again (TROIKA_DISABLE_GATE= for all).
    os.environ.setdefault("TROIKA_DISABLE_GATE", MACHINE_GATES)
    limit_s = float(os.environ.get("TROIKA_TEST_TIMEOUT_S", "480" if build.name == "release" else "960"))
    jobs = int(os.environ.get("TROIKA_TEST_JOBS", "3"))
    chosen = [t for t in tests(build)
              if not selection or any(word in t[0] for word in selection)]
    if not chosen:
        print(f"no test's name contains any of: {' '.join(selection)}", file=sys.stderr)
        return 2
    needless = NEEDLESS.get(build.name, ())
    left_out = [name for name, _ in chosen if any(word in name for word in needless)]
    for name in left_out:
        print(f"skipped {name}: {build.name} sees nothing more in it", flush=True)
    chosen = [t for t in chosen if t[0] not in left_out]
    passed, failed, skipped, times = 0, [], len(left_out), []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(timed, name, command, limit_s) for name, command in chosen]
        for ended in concurrent.futures.as_completed(running):
            name, status, took_s, output = ended.result()
            times.append((took_s, name))
            if status == 0:
                passed += 1
                print(f"ok      {name} ({took_s:.1f} s)", flush=True)
            elif status == SKIPPED:
                skipped += 1
                reason = output.strip().splitlines()[-1:] or ["no reason given"]
                print(f"skipped {name}: {reason[0]}", flush=True)
            else:
                failed.append(name)
                print(f"FAILED  {name} (exit status {status}, {took_s:.1f} s)\n{output}",
                      flush=True)
    if os.environ.get("TROIKA_TEST_TIMES"):
        for took_s, name in sorted(times, reverse=True)[:10]:
            print(f"{took_s:7.1f} s {name}")
    if failed:
        print("failed: " + " ".join(failed))
    print(f"{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
