# SPDX-License-Identifier: MIT
"""The newest self-test, shown in a report: planted fault, expected and seen.

`troika selftest` stores its results beside the runs. The report says if a
self-test is of another version of the tool, because it then vouches for another
instrument.
"""

from data import schema, units
from data.results import ResultsError, Run, read


def newest(run: Run) -> dict | None:
    """The table of the newest self-test beside the run, or None."""
    folder = run.path.resolve().parent
    stored = sorted(folder.glob("selftest*.json"))  # names sort by time
    if not stored:
        return None
    path = stored[-1]
    data = read(path)
    problem = schema.problem("selftest", data) or _missing(data)
    if problem:
        raise ResultsError(f"{path}: {problem} (results/schema/selftest.schema.json)")
    tests = data["tests"]
    return {
        "path": str(path),
        "started": data["started_at"],
        "version": data["tool_version"],
        "same_tool": data["tool_version"] == run.data.get("tool_version"),
        "variant": data["variant"],
        "passed": data["passed"],
        "failed": data["failed"],
        "skipped": data["skipped"],
        "table": {
            "head": ["test", "planted", "expected", "seen", "caught by", "result"],
            "rows": [_row(t) for t in tests],
        },
    }


def _missing(data: dict) -> str | None:
    needed = ("started_at", "tool_version", "variant", "passed", "failed", "skipped")
    absent = [k for k in (*needed, "tests") if k not in data]
    wanted = ("name", "group", "planted", "expected", "seen", "caught_by", "pass")
    for i, t in enumerate(data.get("tests") or []):
        absent += [f"tests[{i}].{k}" for k in wanted if k not in t]
    return f"{absent[0]} is missing" if absent else None


def _row(test: dict) -> list[str]:
    result = "as expected" if test["pass"] else "FAILED"
    if test.get("skipped"):
        result = f"skipped: {test['skipped']}"
    elif (test.get("attempts") or 1) > 1:
        result += f" at attempt {test['attempts']}"
    shown = [test[k] or units.UNKNOWN for k in ("planted", "expected", "seen", "caught_by")]
    return [f"{test['group']}: {test['name']}", *shown, result]
