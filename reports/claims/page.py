# SPDX-License-Identifier: MIT
"""The verdict page: claims.md and claims.html from claims.json, the rules and
the runs. A table comes first, then a card for each claim; both files are filled
from one set of strings. Links are relative, so that results/ can be moved as a
whole. The page loads nothing.
"""

import os
from pathlib import Path

from data import units
from data.points import setting
from data.results import Run, ran_by
from charts import drawing
from pages import render
from claims import figures, picture, rules, verdicts
from claims.rules import Rule

FACTS = ("cpu_model", "cpus", "hypervisor", "kernel", "compiler")
HEAD = ["figure", "decides", "of", "value [95 %]", "law", "limit", "blocks"]
CLAIMANTS = {
    "article": "Claimed by the four articles",
    "readers": "Claimed by their readers",
    "practice": "Claimed in practice: issue trackers, manuals, tables",
}
BLOCKS_MOST = 64  # a run with more would take too long


def write(folder: Path, data: dict, picked: list[Rule], found: list[dict], runs: list[Run]) -> None:
    charts = [picture.chart(rule, f) for rule, f in zip(picked, found)]
    drawing.write(
        [c for c in charts if c],
        folder / "charts",
        render.environment(),
        ", ".join(f"run {r['run_id']}" for r in data["runs"]),
    )
    by_id = {r.data["run_id"]: r for r in runs}
    cards = [
        _card(folder, claim, rule, own, chart, by_id)
        for claim, rule, own, chart in zip(data["claims"], picked, found, charts)
    ]
    context = {
        "data": data,
        "cards": cards,
        "overview": _overview(cards),
        "sources": rules.sources(),
        "counts": _counts(data["claims"]),
        "machine": "; ".join(dict.fromkeys(_machine(r) for r in data["runs"])),
        "runs": [dict(r, link=f"{r['path']}/run.json") for r in data["runs"]],
    }
    text = render.environment().get_template("claims.md").render(**context)
    render.store(folder / "claims.md", render.squeezed(text))
    made = render.environment(escape=True)
    render.store(folder / "claims.html", made.get_template("claims.html").render(**context))


def _overview(cards: list[dict]) -> list[tuple[str, list[dict]]]:
    """The cards by who makes the claim: the first of its sources."""
    groups: dict[str, list[dict]] = {name: [] for name in CLAIMANTS.values()}
    for card in cards:
        first = card["sources"].partition(",")[0]
        kind = "article" if first.isdigit() else first
        groups[CLAIMANTS.get(kind, CLAIMANTS["practice"])].append(card)
    return [(name, own) for name, own in groups.items() if own]


def _counts(claims: list[dict]) -> list[tuple[str, int]]:
    names = [c["verdict"] for c in claims]
    return [(n, names.count(n)) for n in dict.fromkeys(names)]


def _machine(run: dict) -> str:
    known = run["environment"]
    return ", ".join(f"{k.replace('_', ' ')} {known[k]}" for k in FACTS if known.get(k))


def _card(folder: Path, claim: dict, rule: Rule, found: dict, chart, runs: dict[str, Run]) -> dict:
    headline = figures.told(rule.figures[rule.headline], found[rule.headline]) if rule.headline else units.UNKNOWN
    return {
        "claim": claim,
        "anchor": claim["id"].lower(),
        "style": claim["verdict"].lower().split(",")[0].split()[0],
        "unmeasurable": rule.unmeasurable,
        "sources": ", ".join(rules.items(rule.claim["source"])),
        "figure": headline,
        "open": _open(rule, claim["undecided"]),
        "settle": _settle(claim),
        "first_look": _open(rule, claim["first_look"]),
        "table": {"head": HEAD, "rows": _rows(rule, found)},
        "chart": chart,
        "absent": verdicts.reasons(rule, found, True),
        "lacking": verdicts.reasons(rule, found, False),
        "settings": _settings(found),
        "versions": _versions(found),
        "trials": _trials(folder, found),
        "command": f"make claims CLAIMS={claim['id']}",
        "experiments": [f"troika bench {name}" for name in rule.experiments + rule.more],
    }


def _rows(rule: Rule, found: dict) -> list[list[str]]:
    """A row for each element, with the figure's name in its first row. Missing
    optional figures are listed elsewhere."""
    rows = []
    compared = {c.figure for v in rule.verdicts for c in v.condition.comparisons}
    for name, elements in found.items():
        figure, what = rule.figures[name], rule.figures[name].what
        for e in elements:
            if e.left_out(figure):
                continue
            law = figures.show(figure.measures, e.law) if e.law else units.UNKNOWN
            decides = what and ("no" if name not in compared else "yes" if figure.judged else "the cause")
            limits = what and picture.limits_told(rule, figure)
            rows.append([what, decides, e.label, figures.text_of(figure, e), law, limits, str(verdicts.blocks_of(figure, e))])
            what = ""
    return rows


def _open(rule: Rule, needs: dict | None) -> str:
    """The verdicts between which a claim is undecided, and the intervals that
    include a limit."""
    if not needs:
        return ""
    told = []
    for row in needs["across"]:
        limit = figures.show(rule.figures[row["figure"]].measures, row["limit"])
        blocks = row["blocks_needed"]
        enough = f"about {blocks} would tell them apart" if blocks else "no number of blocks is known to suffice"
        told.append(f"{row['figure']} ({row['label']}) and {limit} after {row['blocks']} blocks, {enough}")
    return f"between {' and '.join(needs['between'])}: " + "; ".join(told)


def _settle(claim: dict) -> str:
    """The command that would settle the claim, or why there is none."""
    rows = (claim["undecided"] or {}).get("across") or []
    if not rows:
        return ""
    needed = [row["blocks_needed"] for row in rows]
    if None in needed or max(needed) > BLOCKS_MOST:
        return "the figure is too close to its limit, or too noisy, for more blocks: quieten the machine (make doctor)"
    return f"make claims CLAIMS={claim['id']} ARGS='--blocks {max(needed)}'"


def _settings(found: dict) -> list[str]:
    """The load points behind the figures, in words."""
    told = {}
    for e in (e for elements in found.values() for e in elements if e.run and e.load_point):
        for experiment in e.run.data["experiments"]:
            for p in experiment["load_points"]:
                if e.load_point in (p["id"], p.get("section")):
                    words = f"{setting(p)}, placement {p.get('placement')}"
                    words += f", window {units.time(p.get('window_ns'))}, {experiment.get('blocks')} blocks"
                    told.setdefault((experiment["name"], p["id"]), words)
    used = {(t["experiment"], t["load_point"]) for t in _used(found)}
    return [f"{key[1]}: {words}" for key, words in told.items() if key in used]


def _used(found: dict) -> list[dict]:
    """The trials behind the figures."""
    wanted: dict[str, tuple[Run, set]] = {}
    for e in (e for elements in found.values() for e in elements if e.run):
        wanted.setdefault(e.run.data["run_id"], (e.run, set()))[1].update(e.trials)
    return [t for run, ids in wanted.values() for t in run.trials if t["trial_id"] in ids]


def _versions(found: dict) -> list[str]:
    """The versions of models that are not our own programs, such as interpreters."""
    told = {}
    for e in (e for elements in found.values() for e in elements if e.run and e.model):
        info = e.run.data["models"].get(e.model) or {}
        if version := ran_by(info) or (info.get("target") or {}).get("version"):
            told[e.model] = f"{e.model}: {version}"
    return list(told.values())


def _trials(folder: Path, found: dict) -> list[tuple[str, str]]:
    links = {}
    for e in (e for elements in found.values() for e in elements if e.run):
        for trial in e.trials:
            links[trial] = link(folder, e.run.path / "trials" / f"{trial}.json")
    return sorted(links.items())


def link(folder: Path, path: Path) -> str:
    """The path relative to the page's folder."""
    return os.path.relpath(path.resolve(), folder.resolve())
