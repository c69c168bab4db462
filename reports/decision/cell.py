# SPDX-License-Identifier: MIT
"""Writes the experiment that would settle a decision, for `troika bench`: one
load point at the profile itself.

CPU is given in steps of the tight loop, at the time per step that the run
measured. Text from users is filtered: names lose whatever could end a line or
begin a comment.
"""

import math
import re

STEP_NS = 1.5  # on a core of the 2020s; used if the run did not measure it
SECOND_NS = 10**9
TIMES = ((SECOND_NS, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))
TEXT_BYTES = 60
TIMEOUT_MOST_NS, WINDOW_MOST_NS, CONNECTIONS_MOST = 600 * SECOND_NS, 60 * SECOND_NS, 10**6


def text(decision: dict, experiment: dict, record: str) -> str:
    """The whole file."""
    profile, point = decision["profile"], _point(decision, experiment)
    lines = [
        f"# The load point that {record}.md suggests: the profile itself.",
        "# Set the models' workers here to the numbers that you would use.",
        "",
        "[experiment]",
        f"title = {_plain(profile['name'])}, measured at the profile",
        f"models = {', '.join(_models(decision, experiment)) or 'all'}",
        *_settings(decision, point),
        f"blocks = {max(experiment.get('blocks') or 6, 6)}",
        f"margin = {100 * decision['margin']:g}%",
        "",
        *_profile(profile),
        "",
        *_cell(decision, profile, point),
    ]
    return "\n".join(lines) + "\n"


def _point(decision: dict, experiment: dict) -> dict:
    return next(p for p in experiment["load_points"] if p["id"] == decision["load_point"])


def _plain(words: str) -> str:
    """The letters, digits and harmless marks of a text, shortened to one line."""
    kept = re.sub(r"[^\w .,:()/+-]+", " ", str(words).replace("_", "-"))
    short = " ".join(kept.split()).encode()[:TEXT_BYTES].decode(errors="ignore").strip()
    return short or "a service"


def _models(decision: dict, experiment: dict) -> list[str]:
    """The models of the decision without the user's own servers, which need their
    [target] sections."""
    found = [o["model"] for o in decision["options"] if not o["target"]]
    return [m for m in found if re.fullmatch(r"[A-Za-z0-9.-]+", m)]


def _settings(decision: dict, point: dict) -> list[str]:
    lines = [
        f"workers.{o['model']} = {o['workers']}"
        for o in decision["options"]
        if o["workers"] and not o["workers_default"] and not o["target"]
    ]
    gone = [o["model"] for o in decision["options"] if o["target"]]
    for model in gone:
        lines.append(f"# {_plain(model)} took part too: copy its [target] section to include it")
    return lines


def time(value_ns: float) -> str:
    """The exact time in the largest unit that divides it: 1500us."""
    whole = round(value_ns)
    factor, unit = next((f, u) for f, u in TIMES if whole % f == 0)
    return f"{whole // factor}{unit}" if whole else "0s"


def _profile(profile: dict) -> list[str]:
    lines = [
        "[profile]",
        f"name = {_plain(profile['name'])}",
        f"wait = {time(profile.get('wait_ns') or 0)}",
        f"cpu = {time(profile.get('cpu_ns') or 0)}",
        f"concurrency = {max(profile.get('connections') or 1, 1)}",
    ]
    if profile.get("limit_ns"):
        percentile = profile.get("limit_percentile") or 99
        lines.append(f"latency_limit = p{percentile:g}<{time(profile['limit_ns'])}")
    if profile.get("memory_bytes"):
        lines.append(f"memory = {profile['memory_bytes']}B")
    return lines


def _cell(decision: dict, profile: dict, point: dict) -> list[str]:
    wait, cpu = profile.get("wait_ns") or 0, profile.get("cpu_ns") or 0
    most = TIMEOUT_MOST_NS - SECOND_NS
    lines = ["[cell at-profile]"]
    if wait > most:
        lines.append(f"# The profile waits {time(wait)}; this is the longest wait allowed.")
        wait = most
    lines.append(f"workload = {_workload(wait, cpu, point)}")
    if wait:
        lines.append(f"delay = {time(wait)}")
    if cpu:
        lines += _steps(decision, cpu)
    asked = max(profile.get("connections") or 1, 1)
    if asked > CONNECTIONS_MOST:
        lines.append(f"# The profile has {asked} connections; this is the most that can be opened.")
    many = min(asked, CONNECTIONS_MOST)
    lines += [
        f"connections = {many}",
        f"placement = {'shared' if point.get('placement') == 'shared' else 'split'}",
        f"warmup = {time(_warmup(wait))}",
        f"window = {time(_window(profile, wait, cpu, many))}",
    ]
    if wait > 10 * SECOND_NS:
        lines.append(f"timeout = {time(min(3 * wait, TIMEOUT_MOST_NS))}")
    return lines


def _workload(wait: int, cpu: int, point: dict) -> str:
    if wait and cpu:
        return "mixed"
    if cpu:
        return "spin"
    return ("wait" if point.get("workload") == "wait" else "fetch") if wait else "hello"


def _steps(decision: dict, cpu: int) -> list[str]:
    each = decision["step_ns"]
    if each:
        words = f"# {each:.3g} ns a step, as measured on the run's machine."
    else:
        words = (
            f"# {STEP_NS} ns a step is a guess: the run did not measure it. Compare the CPU per"
            " request with the profile's, and adjust steps."
        )
    steps = cpu / (each or STEP_NS)
    digits = max(math.floor(math.log10(max(steps, 1))) - 2, 0)
    return [words, f"steps = {min(max(round(steps / 10**digits) * 10**digits, 1), 10**10)}"]


def _warmup(wait: int) -> int:
    """The warm-up: a second or five waits, ending half-way between two waves of
    answers."""
    least = max(SECOND_NS, 5 * wait)
    if wait >= 10**6:
        least = math.ceil(least / wait) * wait + wait // 2
    return min(least, TIMEOUT_MOST_NS)


def _window(profile: dict, wait: int, cpu: int, many: int) -> int:
    """The window: twenty waits and enough answers for the percentile, but at most a
    minute unless that is less than two waits."""
    beyond = 1 - (profile.get("limit_percentile") or 99) / 100
    need = min(20 / beyond, 1e6) if beyond > 0 else 1e6
    each = max((wait + cpu) / many, cpu, 10**4)  # ns between two answers, at best
    window = max(SECOND_NS, 20 * wait, math.ceil(1.2 * need * each))
    window = max(min(window, WINDOW_MOST_NS), 2 * wait, 10 * cpu)
    return min(math.ceil(window / 10**6) * 10**6, 3000 * SECOND_NS)
