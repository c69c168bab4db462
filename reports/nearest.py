# SPDX-License-Identifier: MIT
"""Which load point speaks for a profile: of its kind, and nearest to it in
wait, connections and CPU. How far it is goes into the record: a decision is no
better than the likeness of what was measured to what will be served.
"""

import math

from results import Run

CPU_FLOOR_NS = 100e3  # below it, serving costs as much as the work
FAR = 2.0  # a load point further than this factor from the profile is named as far


def _kind_of(profile: dict) -> str:
    wait, cpu = profile.get("wait_ns") or 0, profile.get("cpu_ns") or 0
    if not cpu:
        return "io"
    if not wait:
        return "cpu"
    return "io" if cpu / (wait + cpu) < 0.02 else "mixed"


def _factor(a: float, b: float, floor: float) -> float:
    """How far apart two quantities are, as a factor of at least one."""
    return math.exp(abs(math.log(max(a, floor) / max(b, floor))))


def _cpu_of(run: Run, experiment: dict, point: dict) -> float | None:
    """CPU that a request of the load point takes: what the thriftiest model
    needs. Not known with a second load, whose requests are of another kind."""
    names = run.models_of(experiment["name"], point, yardsticks=False)
    key = experiment["name"], point["id"]
    rows = [run.level(*key, m, "cpu_per_request_ns") for m in names]
    known = [r["value"] for r in rows if r and r["value"]]
    return min(known) if known and not point.get("beside") else None


def _job(run: Run, experiment: dict, point: dict) -> tuple[bool, float]:
    """Whether the clients compete with it, and how long the job beside which a
    second load runs takes at best (negative, so that the longest comes first)."""
    kind, trials = point.get("latency_kind"), run.trials_of(experiment["name"], point["id"])
    seen = [((t.get("latency") or {}).get(kind) or {}).get("mean_ns") for t in trials]
    known = [ns for ns in seen if ns]
    return point.get("placement") == "shared", -min(known, default=0.0)


def choose(run: Run, experiment: dict, profile: dict) -> tuple[dict, dict]:
    """The load point of the profile's kind nearest in wait, connections and CPU
    (which is measured, so that it counts from a factor of two on); of equally
    near ones the harder: with a second load (of these the longest job, clients
    kept off the server's CPUs), then the open loop. The profile's requests are
    the second load's where there is one."""
    kind, points = _kind_of(profile), experiment["load_points"]
    candidates = [p for p in points if p.get("kind") == kind]
    same_kind = bool(candidates)
    candidates = candidates or points

    def factors(point):
        wait = _factor(point.get("wait_ns") or 0, profile.get("wait_ns") or 0, 1e6)
        wanted = profile.get("connections")
        have = (point.get("beside") or point["load"]).get("connections")
        if point["load"]["mode"] == "search":
            have = None  # no more than the most that may be open
        cpu = _cpu_of(run, experiment, point)
        return (
            wait,
            _factor(have, wanted, 1) if wanted and have else 1.0,
            _factor(cpu, profile.get("cpu_ns") or 0, CPU_FLOOR_NS) if cpu else 1.0,
        )

    def distance(point):
        wait, connections, cpu = factors(point)
        far = math.log(wait) + math.log(connections)
        far += math.log(cpu) if cpu > FAR else 0
        alone = not point.get("beside")
        closed = point["load"]["mode"] != "open"
        job = (0, 0.0) if alone else _job(run, experiment, point)
        return far, alone, job, closed, point["id"]

    chosen = min(candidates, key=distance)
    wait, connections, cpu = factors(chosen)
    return chosen, {
        "kind": kind,
        "same_kind": same_kind,
        "kind_found": chosen.get("kind"),
        "wait_factor": wait,
        "connections_factor": connections,
        "cpu_ns": _cpu_of(run, experiment, chosen),
        "cpu_factor": cpu,
        "far": not same_kind or max(wait, connections, cpu) > FAR,
    }
