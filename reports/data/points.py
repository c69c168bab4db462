# SPDX-License-Identifier: MIT
"""Load points, grouped into sections and described in words.

A section whose load points differ in connections, or in the offered rate, is a
sweep over that quantity.
"""

from data import units


def sections(experiment: dict) -> list[list[dict]]:
    """Load points grouped by their section of the experiment file; those of a sweep
    in ascending order."""
    groups: dict[str, list[dict]] = {}
    for point in experiment["load_points"]:
        groups.setdefault(point.get("section") or point["id"], []).append(point)
    for points in groups.values():
        key = sweep_key(points)
        if key:
            points.sort(key=lambda p: p["load"][key])
    return list(groups.values())


def sweep_key(points: list[dict]) -> str | None:
    """The quantity that a section varies: rate_per_s, connections or None. If both
    vary, the rate was swept, because connections follow the rate by default."""
    for key in ("rate_per_s", "connections"):
        values = [p["load"].get(key) for p in points]
        if len(points) > 1 and None not in values and len(set(values)) == len(points):
            return key
    return None


def setting(point: dict) -> str:
    """A load point in words: fetch?delay=50ms, 100 connections."""
    load = point["load"]
    words = point["workload"] + (f"?{point['query']}" if point.get("query") else "")
    if load["mode"] == "churn":
        words += ", a new connection for every request"
    if load["mode"] == "idle":
        words += f", idle but for {units.digits(load.get('rate_per_s'))}/s"
    if load["mode"] in ("open", "soak"):
        words += f", open loop at {units.digits(load.get('rate_per_s'))}/s"
        if load.get("rate_of_capacity"):
            words += f" ({units.digits(load['rate_of_capacity'])} times what the quickest reaches)"
        if (load.get("arrivals") or "").startswith("burst:"):
            words += f" in bursts of {load['arrivals'][6:]}"
    if load["mode"] == "slice":
        words += ", in slices by turns"
    if load["mode"] == "search":
        words += f", the highest rate with {point.get('slo')}"
    if load.get("connections"):
        many = "s" if load["connections"] != 1 else ""
        words += f", {units.count(load['connections'])} connection{many}"
    second = point.get("beside")
    if second:
        words += f", beside {second.get('workload')}"
        words += f"?{second['query']}" if second.get("query") else ""
        words += f" at {units.digits(second.get('rate_per_s'))}/s"
    return words


def latency_words(point: dict) -> str:
    if point["load"]["mode"] == "idle":
        return "response time of a sleeping connection"
    if point.get("latency_kind") == "response":
        return "response time"
    if point["load"]["mode"] == "churn":
        return "service time (closed loop, connecting included)"
    return "service time (closed loop)"
