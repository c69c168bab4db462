# SPDX-License-Identifier: MIT
"""What was left out and why: the gates of each experiment and the figures that
they take away, invalid trials with their reasons, and each model's lost attempts.

The tables hold counts, no statistics. If one model lost many more attempts than
another, its remaining trials may be a biased sample, and the report says so.
"""

from data import units
from data.levels import reason
from data.results import FIGURES, INVALID_SHARE, Run

GATES_HEAD = ["gate", "fails when", "takes away", "judged", "failed", "worst / limit", "the worst", "in trial"]
LOST_HEAD = ["model", "trials", "attempts", "failed", "share", "left without a figure"]


def attempts(run: Run) -> list[dict]:
    return [*run.trials, *run.retired]


def invalid(run: Run) -> list[dict]:
    rows = []
    for t in attempts(run):
        if not t["valid"]:
            attempt = t.get("attempt") or 1
            rows.append(
                {
                    "id": t["trial_id"],
                    "attempt": attempt,
                    "reason": reason(t),
                    "file": file(run, t),
                }
            )
    return sorted(rows, key=lambda r: (r["id"], r["attempt"]))


def file(run: Run, trial: dict) -> str:
    retired = any(t is trial for t in run.retired)
    suffix = f".attempt{trial.get('attempt') or 1}" if retired else ""
    return f"../trials/{trial['trial_id']}{suffix}.json"


def experiments(run: Run) -> list[dict]:
    """For each experiment, the gates that failed, the other gates, and the attempts
    that each model lost."""
    found = []
    for experiment in run.data["experiments"]:
        own = [t for t in attempts(run) if t["experiment"] == experiment["name"]]
        rows = _gates(run, own)
        found.append(
            {
                "name": experiment["name"],
                "title": experiment.get("title") or experiment["name"],
                "failed": {"head": GATES_HEAD, "rows": [r for bad, r in rows if bad]},
                "passed": {"head": GATES_HEAD, "rows": [r for bad, r in rows if not bad]},
                "lost": _lost(own),
            }
        )
    return found


def _gates(run: Run, trials) -> list[tuple[int, list[str]]]:
    """The number of failures and the row of each gate, the most failures first. A
    gate without a value was not applied."""
    told = {g["id"]: g for g in run.data.get("gates") or []}
    seen: dict[str, list] = {name: [] for name in told}
    for t in trials:
        for gate in t.get("gates") or []:
            judged = seen.setdefault(gate["id"], [])
            if not gate["ok"] or gate.get("value") is not None:
                judged.append((gate, t["trial_id"]))
    rows = []
    for name, judged in seen.items():
        bad = sum(not gate["ok"] for gate, _ in judged)
        about = told.get(name, {})
        row = [name, about.get("fails_when", units.UNKNOWN), _takes(about)]
        row.append(units.count(len(judged)))
        rows.append((bad, [*row, units.count(bad), *_worst(judged)]))
    return sorted(rows, key=lambda r: -r[0])


def _takes(about: dict) -> str:
    """The figures that a gate can take away, and how. In older runs a gate took
    away the whole trial."""
    names = about.get("figures")
    if names is None:
        return "the trial" if about else units.UNKNOWN
    text = "all" if len(names) == len(set(f for _, f in FIGURES)) else ", ".join(
        n.replace("_", " ") for n in names
    )
    how = {"bound": " (bounds)", "level": " (levels)"}.get(about.get("effect"), "")
    return (text or "nothing") + how


def _worst(judged) -> list[str]:
    """The worst attempt: its value as a share of the limit, its words, its trial."""
    known = [
        (gate, trial)
        for gate, trial in judged
        if gate.get("value") is not None and gate.get("limit") is not None
    ]
    if not known:
        words = next((g.get("words") for g, _ in judged if not g["ok"]), None)
        where = next((t for g, t in judged if not g["ok"]), units.UNKNOWN)
        return [units.UNKNOWN, words or units.UNKNOWN, where]
    least = any(g["ok"] and g["value"] > g["limit"] for g, _ in known)

    def badness(seen):
        gate, _ = seen
        share = gate["value"] / gate["limit"] if gate["limit"] else gate["value"]
        return not gate["ok"], -share if least else share

    gate, trial = max(known, key=badness)
    share = f"{units.digits(gate['value'] / gate['limit'])} ×" if gate["limit"] else (
        f"{units.digits(gate['value'])} / 0"
    )
    return [f"{share}{' (at least)' if least else ''}", gate.get("words") or units.UNKNOWN, trial]


def _lost(trials) -> dict:
    """The attempts of each model, and the extremes if one model lost many more."""
    models: dict[str, list[dict]] = {}
    for t in trials:
        models.setdefault(t["cell"]["model"], []).append(t)
    rows, shares = [], {}
    for model, own in models.items():
        bad = sum(not t["valid"] for t in own)
        names = {t["trial_id"] for t in own}
        gone = names - {t["trial_id"] for t in own if t["valid"]}
        shares[model] = bad / len(own)
        counts = [units.count(n) for n in (len(names), len(own), bad)]
        rows.append([model, *counts, f"{100 * shares[model]:.0f} %", units.count(len(gone))])
    most = max(shares, key=lambda m: shares[m], default=None)
    least = min(shares, key=lambda m: shares[m], default=None)
    uneven = most is not None and shares[most] - shares[least] > INVALID_SHARE
    return {
        "any": any(shares.values()),
        "table": {"head": LOST_HEAD, "rows": rows},
        "uneven": (most, shares[most], least, shares[least]) if uneven else None,
    }
