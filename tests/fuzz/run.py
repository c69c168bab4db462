#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzz targets of tests/fuzz/, two side by side (docs/fuzzing.md).

Each target gets the seeds of tests/fuzz/seeds/NAME and what it found earlier
(build/fuzz/corpus/NAME, but for --fresh), and runs until it has had its number
of inputs or its time. The random numbers are the same each time. A finding is
printed with its input's path and the command that shows it again; the exit
code is then 1.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "tests/fuzz"
FOUND = ROOT / "build/fuzz"
JOBS = 2
INPUT_MAX = 4096  # bytes, but for targets whose seeds are longer
# One input takes microseconds. What lasts this long hangs, or the machine did:
# such an input is tried once more by itself.
HANG_S = 60
MEMORY_MIB = 1024
KEPT_MIB = 200  # of one allocation
# Inputs of targets whose single ones take long, at most when --runs is given.
FEWER = {"logs": 20000}


def names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.c"))


def limits() -> list[str]:
    return [
        f"-timeout={HANG_S}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-malloc_limit_mb={KEPT_MIB}",
    ]


def command(program: Path, name: str, args: argparse.Namespace) -> list[str]:
    seeds, corpus = HERE / "seeds" / name, FOUND / "corpus" / name
    if args.fresh:
        shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir(parents=True, exist_ok=True)
    (FOUND / "findings").mkdir(parents=True, exist_ok=True)
    longest = max((p.stat().st_size for p in seeds.glob("*")), default=0)
    words = [str(program), *limits(), "-seed=1", "-print_final_stats=1", "-reload=0"]
    words += [f"-max_len={max(INPUT_MAX, 2 * longest)}", f"-max_total_time={args.seconds}"]
    words += [f"-runs={min(args.runs, FEWER.get(name, args.runs))}"] if args.runs else []
    words += [f"-artifact_prefix={FOUND}/findings/{name}-"]
    words += [f"-dict={HERE / name}.dict"] if (HERE / f"{name}.dict").exists() else []
    return words + [str(corpus)] + ([str(seeds)] if seeds.is_dir() else [])


def shows_again(program: Path, artifact: str) -> bool:
    again = [str(program), *limits(), artifact]
    return subprocess.run(again, capture_output=True, check=False).returncode != 0


def outcome(program: Path, name: str, status: int, text: str, took_s: float) -> tuple[bool, str]:
    """Whether it went well, and what there is to say."""
    done = re.search(r"number_of_executed_units:\s*(\d+)", text)
    count = int(done[1]) if done else 0
    covered = re.findall(r"cov: (\d+) ft: (\d+)", text)
    edges, features = covered[-1] if covered else ("?", "?")
    line = f"{name}: {count:,} inputs in {took_s:.0f} s, {edges} branches, {features} features"
    if status == 0:
        return True, f"ok      {line}"
    artifact = re.search(r"Test unit written to (\S+)", text)
    shown = artifact and shows_again(program, artifact[1])
    if artifact and not shown and "/" + name + "-timeout-" in artifact[1]:
        return True, f"ok      {line} (one input took over {HANG_S} s here and is quick alone)"
    where = f"{artifact[1]}" if artifact else "none was written"
    report = "\n".join(text.strip().splitlines()[-60:])
    log = FOUND / "findings" / f"{name}.log"
    log.write_text(text)
    return False, (
        f"{report}\nFOUND   {line}\n  input:      {where}\n  whole log:  {log}\n"
        f"  once more:  {program.relative_to(ROOT)} {where}"
        f"{'' if shown or not artifact else '  (it did not show again alone)'}"
    )


def fuzz(name: str, args: argparse.Namespace) -> tuple[bool, str]:
    program = (ROOT / args.build / "fuzz" / name).resolve()
    environment = os.environ | {"ASAN_OPTIONS": "detect_stack_use_after_return=0"}
    start = time.monotonic()
    done = subprocess.run(
        command(program, name, args), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False,
    )
    return outcome(program, name, done.returncode, done.stdout, time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/fuzz-clang")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--runs", type=int, default=0, help="inputs of each target; 0: no limit")
    parser.add_argument("--fresh", action="store_true", help="start from the seeds alone")
    parser.add_argument("target", nargs="*", help="all, when none is named")
    args = parser.parse_args()
    unknown = sorted(set(args.target) - set(names()))
    if unknown:
        parser.error(f"no target is named {', '.join(unknown)}; there are: {', '.join(names())}")
    ok = True
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        running = [pool.submit(fuzz, name, args) for name in args.target or names()]
        for ended in concurrent.futures.as_completed(running):
            good, words = ended.result()
            ok = ok and good
            print(words, flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
