# SPDX-License-Identifier: MIT
"""Reads and checks the claims: harness/experiments/claims/cNN-NAME.ini.

A claim and its experiment share a file. Reports read the sections of the claim:
what is claimed and by whom, the law, the figures that decide, and the verdicts
with their conditions. The harness reads the other sections. docs/claims.md
describes the format. Every error names the file, the line and the nearest valid
name. Three more things are errors: a verdict that no figures can lead to,
figures that lead to no verdict, and a verdict that rests on a model of which
the claim does not speak.
"""

import difflib
import functools
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import NoReturn

from data.metrics import METRICS
from charts import style
from claims import conditions

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXPERIMENTS, MODELS = ROOT / "harness" / "experiments", ROOT / "models"
FOLDER = EXPERIMENTS / "claims"
OF_THE_HARNESS = ("experiment", "profile", "target", "cell")  # sections that a rule leaves to it

CONDITIONAL = "CONDITIONAL"
VERDICTS = (
    "CONFIRMED",
    "CONFIRMED, BUT NOT BECAUSE",
    CONDITIONAL,
    "REFUTED",
    "NOT MEASURABLE HERE",
)
OF_THE_CLAIM = ("CONFIRMED", CONDITIONAL, "REFUTED")  # rest on the claim's own models
SIDES = ("holds", "fails")
CHARTS = ("dots", "surface")
FORMS = {  # the keys that a figure of this form needs
    "value": "metric models",
    "ratio": "metric models to",
    "value/law": "metric models law",
    "ratio/law": "metric models to law",
    "across": "metric models",
    "quotient": "metric over models",
    "slope": "models per kind",
    "slope ratio": "models per kind to",
    "per worker": "metric models",
    "primitive": "primitive",
    "primitive ratio": "primitive to",
}
# The keys of each section; a trailing ? allows absence.
CLAIM_KEYS = (
    "text source short setup law refuted speaks? against? experiments? experiments.full? quick? headline? chart?"
    " conditions? unmeasurable?"
)
FIGURE_KEYS = "what form? metric? models? to? over? experiment? cells? law? optional? per? kind? primitive?"
VERDICT_KEYS = "if why?"
CONDITIONAL_KEYS = "if why? holds fails"
SOURCE_KEYS = "title"
NAMES = {
    "metric": list(METRICS),
    "over": list(METRICS),
    "per": ["idle_connection", "busy_connection", "request_in_flight", "task", "sleeper"],
    "kind": ["total_bytes", *(p[0] for p in style.MEMORY_PARTS[:-1]), "rss_sum_bytes", "pss_sum_bytes"],
}
MEASURED = {"_ns": "time", "_bytes": "size", "_per_s": "rate"}


class RuleError(Exception):
    """An error in a rule, with file and line."""


@dataclass
class Section:
    name: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass
class Figure:
    name: str
    what: str
    form: str
    metric: str | None
    models: list[str]
    to: str | None
    over: str | None  # a metric
    experiment: str | None
    cells: list[str]  # patterns of load points; * stands for any text
    law: str | float | None  # "stored": the trials' own prediction
    optional: bool
    per: str | None
    kind: str | None
    primitive: str | None
    measures: str  # time, size, rate, number
    judged: bool = False  # its models are those that the claim speaks of


@dataclass
class Verdict:
    name: str
    condition: conditions.Condition
    why: str
    sides: dict[str, str]  # words for where a CONDITIONAL claim holds and fails


@dataclass
class Rule:
    path: Path
    line: int
    id: str
    claim: dict[str, str]
    source: str
    speaks: list[str]  # the models that the claim is about
    against: list[str]  # the models that the claim compares them with
    experiments: list[str]
    more: list[str]  # experiments that only the full set runs
    quick: bool
    unmeasurable: str  # why no experiment can judge it here; "": one can
    figures: dict[str, Figure]
    headline: str  # "" without figures
    verdicts: list[Verdict]


def fail(path: Path, line: int, words: str) -> NoReturn:
    raise RuleError(f"{path.name}:{line}: {words}") from None


def nearest(word: str, names) -> str:
    """The end of a message: the nearest name, or the names that exist."""
    names = list(names)
    found = difflib.get_close_matches(word, names, 1, 0.5)
    if found:
        return f"; did you mean {found[0]}?"
    if len(names) > 8:
        few = difflib.get_close_matches(word, names, 3, 0)
        return f"; the nearest are {', '.join(few)}, of {len(names)}"
    return f"; there is {', '.join(names)}" if names else ""


def read_sections(path: Path) -> list[Section]:
    """The file's sections in order, in the grammar of experiment files."""
    sections: list[Section] = []
    key = None
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        fail(path, error.object.count(b"\n", 0, error.start) + 1, "the line is no UTF-8; write the file again as UTF-8")
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)[#;].*", "", raw).rstrip()
        if not line:
            continue
        if line[0].isspace() and key:
            sections[-1].values[key] += " " + line.strip()
        elif found := re.fullmatch(r"\[(.+)\]", line):
            sections.append(Section(found[1], number))
            key = None
        elif (found := re.fullmatch(r"([\w.-]+)\s*=\s*(.*)", line)) and sections:
            key, section = found[1], sections[-1]
            if key in section.values:
                fail(path, number, f"{key} is given twice")
            section.values[key], section.lines[key] = found[2], number
        else:
            fail(path, number, f"“{line.strip()}” is no [section] and no key = value")
    return sections


def check_keys(path: Path, section: Section, keys: str) -> None:
    needed = {key.rstrip("?"): not key.endswith("?") for key in keys.split()}
    for key in section.values:
        if key not in needed:
            words = f"[{section.name}] has no key “{key}”{nearest(key, needed)}"
            fail(path, section.lines[key], words)
    for key in needed:
        if needed[key] and not section.values.get(key):
            fail(path, section.line, f"[{section.name}] lacks {key}")


def items(text: str | None) -> list[str]:
    return [x.strip() for x in (text or "").split(",") if x.strip()]


def yes(path: Path, section: Section, key: str) -> bool:
    value = section.values.get(key, "no")
    if value not in ("yes", "no"):
        fail(path, section.lines[key], f"{key} is yes or no, not “{value}”")
    return value == "yes"


def sources() -> dict[str, str]:
    path, found = HERE / "sources.ini", {}
    for section in read_sections(path):
        check_keys(path, section, SOURCE_KEYS)
        found[section.name] = section.values["title"]
    return found


def read_all(folder: Path = FOLDER) -> list[Rule]:
    known = sources()
    others = [HERE / "unmeasurable.ini"] if folder == FOLDER else []
    rules = [rule for path in sorted(folder.glob("c[0-9]*.ini")) + others for rule in read(path, known)]
    first: dict[str, Rule] = {}
    for rule in rules:
        if first.setdefault(rule.id, rule) is not rule:
            fail(rule.path, rule.line, f"[claim {rule.id}] stands in {first[rule.id].path.name} already")
    return sorted(rules, key=lambda rule: rule.id)


def read(path: Path, known_sources: dict[str, str]) -> list[Rule]:
    """The claims of a file. A claim ends where the next one begins; the file's
    experiment may stand anywhere and serves all of them."""
    sections, claims = read_sections(path), []
    for section in sections:
        kind = section.name.partition(" ")[0]
        if kind == "claim":
            claims.append([section])
        elif kind in ("figure", "verdict") and claims:
            claims[-1].append(section)
        elif kind not in OF_THE_HARNESS:
            words = "no [claim CNN] stands above" if kind in ("figure", "verdict") else "no section has this name"
            fail(path, section.line, f"[{section.name}]: {words}")
    own = []
    for section in sections:
        if section.name == "experiment" and not path.resolve().is_relative_to(EXPERIMENTS):
            fail(path, section.line, f"a claim's experiment must be below {EXPERIMENTS}, where the harness finds it")
        elif section.name == "experiment":
            own = [_name(path)]
    return [_rule(path, claim, own, known_sources) for claim in claims]


def _rule(path: Path, sections: list[Section], own: list[str], known_sources: dict[str, str]) -> Rule:
    claim = sections[0]
    id = claim.name.partition(" ")[2]
    if not re.fullmatch(r"C\d\d+", id):
        fail(path, claim.line, f"[{claim.name}] needs a number, such as [claim C07]")
    check_keys(path, claim, CLAIM_KEYS)
    names = items(claim.values["source"])
    for name in names:
        if name not in known_sources:
            words = f"no source is named {name}{nearest(name, known_sources)}"
            fail(path, claim.lines["source"], words)
    experiments = own + _experiments(path, claim, "experiments")
    unmeasurable = claim.values.get("unmeasurable", "")
    if unmeasurable and (experiments or len(sections) > 1):
        fail(path, claim.lines["unmeasurable"], "a claim that cannot be measured has no experiment, figure or verdict")
    if not experiments and not unmeasurable:
        fail(path, claim.line, "the file has no [experiment], and the claim lacks experiments")
    more = _experiments(path, claim, "experiments.full")
    if not unmeasurable and "speaks" not in claim.values:
        fail(path, claim.line, f"[{claim.name}] lacks speaks")
    speaks, against = _models(path, claim, "speaks"), _models(path, claim, "against")
    figures, verdicts = {}, []
    for section in sections[1:]:
        kind, _, name = section.name.partition(" ")
        if kind == "verdict":
            verdicts.append((section, name))
            continue
        if not re.fullmatch(r"[a-z][\w-]*", name):
            fail(path, section.line, f"[{section.name}]: a figure's name is a word in small letters")
        if name in figures:
            fail(path, section.line, f"[{section.name}] stands above already; rename one of the two")
        figures[name] = _figure(path, section, name, experiments + more)
        figures[name].judged = _judged(figures[name], speaks, against)
    if not unmeasurable and not (figures and verdicts):
        fail(path, claim.line, "figures and verdicts are needed")
    headline = claim.values.get("headline", next(iter(figures), ""))
    if headline not in figures and not unmeasurable:
        words = f"no figure is named {headline}{nearest(headline, figures)}"
        fail(path, claim.lines["headline"], words)
    if claim.values.get("chart", "dots") not in CHARTS:
        fail(path, claim.lines["chart"], f"a chart is {' or '.join(CHARTS)}")
    return Rule(
        path,
        claim.line,
        id,
        claim.values,
        "; ".join(f"{n} “{known_sources[n]}”" for n in names),
        speaks,
        against,
        experiments,
        more,
        yes(path, claim, "quick"),
        unmeasurable,
        figures,
        headline,
        _verdicts(path, claim, verdicts, figures),
    )


def _name(path: Path) -> str:
    """The experiment's name, as the harness has it."""
    return str(path.resolve().relative_to(EXPERIMENTS).with_suffix(""))


def _experiments(path: Path, claim: Section, key: str) -> list[str]:
    names = items(claim.values.get(key))
    known = [_name(p) for p in EXPERIMENTS.rglob("*.ini")]
    for name in names:
        if name not in known:
            words = f"no experiment is named {name}{nearest(name, known)}"
            fail(path, claim.lines[key], words)
    return names


@functools.cache
def _servers() -> set[str]:
    """The models of the tree and the servers of others. Empty where Troika is
    installed, which takes no sources along: there troika bench knows the names."""
    models = {p.stem for p in MODELS.iterdir() if p.is_file()}
    shipped = [s.name for p in sorted((MODELS / "servers").glob("*.ini")) for s in read_sections(p)]
    return models | {name.partition(" ")[2] for name in shipped} if models else set()


def _models(path: Path, claim: Section, key: str) -> list[str]:
    names, known = items(claim.values.get(key)), sorted(_servers())
    for name in names:
        if known and name not in known:
            fail(path, claim.lines[key], f"no model is named {name}{nearest(name, known)}")
    return names


def _judged(figure: Figure, speaks: list[str], against: list[str]) -> bool:
    """Whether a figure is of models that the claim speaks of. In a ratio, one of the
    two models may be one that the claim compares them with."""
    if figure.form.startswith("primitive"):
        return True
    if not figure.to:
        return set(figure.models) <= set(speaks)
    pairs = [{model, figure.to} for model in figure.models]
    return all(pair <= {*speaks, *against} and pair & set(speaks) for pair in pairs)


def _figure(path: Path, section: Section, name: str, experiments: list[str]) -> Figure:
    check_keys(path, section, FIGURE_KEYS)
    values = section.values
    form = values.get("form", "value")

    def wrong(key, words):
        fail(path, section.lines.get(key, section.line), words)

    if form not in FORMS:
        wrong("form", f"no form is named {form}{nearest(form, FORMS)}")
    for key in FORMS[form].split():
        if key not in values:
            wrong(key, f"a figure of form {form} needs {key}")
    metric = values.get("metric")
    for key, word in (("to", "ratio"), ("over", "quotient")):
        if key in values and word not in form:
            wrong(key, f"a figure of form {form} has no {key}")
    for key, known in NAMES.items():
        if values.get(key, known[0]) not in known:
            wrong(key, f"no {key} is named {values[key]}{nearest(values[key], known)}")
    experiment = values.get("experiment", experiments[0])
    if experiment not in experiments:
        words = f"{experiment} is not among the claim's experiments"
        wrong("experiment", words + nearest(experiment, experiments))
    models, cells = items(values.get("models")), items(values.get("cells", "*"))
    if not form.startswith("primitive"):
        _check_names(path, section, experiment, models, cells)
    measures = _measures(form, metric)
    law = values.get("law")
    if law not in (None, "stored"):
        try:
            law = conditions.quantity(law, _measures("value", metric) if form.startswith("value") else measures)
        except conditions.ConditionError as error:
            wrong("law", f"{error}; or write stored")
    return Figure(
        name,
        values["what"],
        form,
        metric,
        models,
        values.get("to"),
        values.get("over"),
        experiment,
        cells,
        law,
        yes(path, section, "optional"),
        values.get("per"),
        values.get("kind"),
        values.get("primitive"),
        measures,
    )


def _measures(form: str, metric: str | None) -> str:
    if form == "slope":
        return "size"
    if form == "per worker":
        return _measures("value", metric)
    if form == "primitive":
        return "time"
    if form != "value":
        return "number"
    return next((kind for end, kind in MEASURED.items() if metric.endswith(end)), "number")


def _check_names(path: Path, section: Section, experiment: str, models, cells) -> None:
    """Checks that a figure's models and cells exist in its experiment."""
    found = read_sections(EXPERIMENTS / f"{experiment}.ini")
    known = {s.name.partition(" ")[2] for s in found if s.name.startswith("cell ")}
    models_known = _servers()
    servers = models_known | {s.name.partition(" ")[2] for s in found if s.name.startswith("target ")}
    for cell in cells:
        if not any(cell == c or cell.startswith(f"{c}-") or fnmatch(c, cell) for c in known):
            words = f"no cell of {experiment} is named {cell}{nearest(cell, sorted(known))}"
            fail(path, section.lines.get("cells", section.line), words)
    named_by = [*((model, "models") for model in models), *((model, "to") for model in items(section.values.get("to")))]
    for model, key in named_by:
        if models_known and model not in servers:
            words = f"no model is named {model}{nearest(model, sorted(servers))}"
            fail(path, section.lines[key], words)


def _verdicts(path: Path, claim: Section, found, figures: dict[str, Figure]) -> list[Verdict]:
    kinds = {name: figure.measures for name, figure in figures.items()}
    verdicts = []
    for section, name in found:
        if name not in VERDICTS:
            words = f"no verdict is named {name}{nearest(name, VERDICTS)}"
            fail(path, section.line, words)
        check_keys(path, section, CONDITIONAL_KEYS if name == CONDITIONAL else VERDICT_KEYS)
        try:
            condition = conditions.parse(section.values["if"], kinds)
        except KeyError as error:
            words = f"no figure is named {error.args[0]}{nearest(error.args[0], kinds)}"
            fail(path, section.lines["if"], words)
        except conditions.ConditionError as error:
            fail(path, section.lines["if"], str(error))
        _check_reads(path, section, name, condition, figures)
        for key in ("why", *SIDES):
            _check_words(path, section, key, figures)
        sides = {key: section.values[key] for key in SIDES if key in section.values}
        verdicts.append(Verdict(name, condition, section.values.get("why", ""), sides))
    _check_sides(path, found, verdicts)
    _check_whole(path, claim, found, verdicts, figures)
    return verdicts


def _check_reads(path: Path, section: Section, name: str, condition, figures) -> None:
    """Checks that only models of which the claim speaks confirm or refute it."""
    for comparison in condition.comparisons:
        figure = figures[comparison.figure]
        if name in OF_THE_CLAIM and not figure.judged:
            models = ", ".join([*figure.models, *filter(None, [figure.to])])
            words = f"{name} rests on {figure.name}, a figure of {models}: the claim does not speak of all of these"
            fail(path, section.lines["if"], f"{words} (speaks, against)")
        if len(figure.models) > 1 and not comparison.plural:
            words = f"{figure.name} has several models: write every {figure.name} or some {figure.name}"
            fail(path, section.lines["if"], words)


def _check_sides(path: Path, found, verdicts: list[Verdict]) -> None:
    """Checks that a CONDITIONAL shows a deciding figure on each side, and no figure
    on both."""
    compared = {c.figure for v in verdicts for c in v.condition.comparisons}
    for (section, _), verdict in zip(found, verdicts):
        shown = {key: set(named(words)) & compared for key, words in verdict.sides.items()}
        for key, names in shown.items():
            if not names:
                fail(path, section.lines[key], f"{key} shows no {{figure}} that a verdict compares")
        if both := set.intersection(*shown.values()) if shown else set():
            words = f"{min(both)} stands on both sides; split it into a figure for each"
            fail(path, section.lines["fails"], words)


def _check_whole(path: Path, claim: Section, found, verdicts: list[Verdict], figures) -> None:
    """Checks that every verdict can be reached and all figures lead to one."""
    optional = {name for name, figure in figures.items() if figure.optional}
    left, gap = conditions.covered([v.condition for v in verdicts], optional)
    for i in left:
        section = found[i][0]
        words = f"no figures can lead to this {found[i][1]}: a verdict above always holds first, or its condition never"
        fail(path, section.lines["if"], words)
    if gap:
        told = ", ".join(f"{name} = {' and '.join(texts)}" for name, texts in gap.items())
        fail(path, claim.line, f"no verdict holds where {told} (in what results store)")


def named(words: str) -> list[str]:
    """The figures that a sentence shows."""
    return re.findall(r"\{([^}]*)\}", words)


def _check_words(path: Path, section: Section, key: str, figures) -> None:
    for name in named(section.values.get(key, "")):
        if name not in figures:
            words = f"no figure is named {name}{nearest(name, figures)}"
            fail(path, section.lines[key], words)
