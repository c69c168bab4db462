# SPDX-License-Identifier: MIT
"""Renders templates: their filters and macros, report.md and index.html.

index.html contains everything that it shows: charts are inlined with unique ids, the
only script is our own, by its hash, and there is no address outside the run's directory.
"""

import base64
import functools
import hashlib
import html
import math
import re
import shlex
from pathlib import Path

from data import metrics, output, units
from charts import drawing

try:
    import jinja2
    from markupsafe import Markup

    from pages import inlined, markdown
except ImportError:  # environment() reports this in words
    jinja2 = None

BRIEF = 160  # letters of a recorded fact that report.md shows
TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


# Errors that malformed data raises, in templates too.
UNFORESEEN = output.UNFORESEEN + ((jinja2.UndefinedError,) if jinja2 else ())


class PagesError(Exception):
    """Pages that cannot be made, in one sentence for the user."""


@functools.cache
def environment(escape: bool = False, plain: bool = False):
    """A jinja environment that fails on a missing name. `escape` is for HTML;
    `plain` is for a terminal and for words that a page will escape. Otherwise the
    values of Markdown templates (NAME.md) are escaped and those of other templates
    are not."""
    if jinja2 is None:
        raise PagesError(
            "reports need Python's jinja2, which this interpreter does not have:"
            " run `make deps` and use /usr/bin/python3"
        )
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=escape or (not plain and _is_markdown),
        finalize=None if escape else _on_one_line if plain else markdown.finalized,
        keep_trailing_newline=True,
    )
    made.filters.update(
        quoted=drawing.quoted,
        digits=units.digits,
        count=units.count,
        time=units.time,
        size=units.size,
        interval=units.interval,
        percentile=units.percentile,
        share=units.share,
        plain=_plain,
        brief=lambda text: text if len(text) <= BRIEF else f"{text[:BRIEF]}…",
        bullets=_bullets,
        leaders_rows=leaders_table,
        metric=metrics.metric,
    )
    made.filters["svg"] = lambda chart: Markup(inlined.text(chart))
    made.filters["word"] = lambda path: shlex.quote(str(path))
    made.filters.update(code=markdown.code, link=markdown.link)
    made.globals.update(policy=policy, read=read)
    made.filters["share_of"] = lambda weight: f"{weight:.2f}"
    made.filters["lead"] = lambda log_ratio: f"{100 * math.expm1(log_ratio):+.1f} %"
    made.globals.update(fit_rows=fit_rows)
    made.globals.update(evidence_rows=evidence_rows, curve_table=curve_table)
    made.globals.update(table=markdown_table, chart=markdown_chart)
    made.globals.update(leaders_table=lambda e: markdown_table(leaders_table(e)))
    return made


@functools.cache
def read(name: str):
    """A file of templates/ as it is."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def policy(*scripts: str) -> str:
    """What a page may load and run: nothing from elsewhere, and of scripts only these
    files of templates/, each by its hash."""
    hashes = (hashlib.sha256(read(name).encode()).digest() for name in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(h).decode()}'" for h in hashes) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"


def _is_markdown(name: str | None) -> bool:
    return bool(name) and name.endswith(".md")


def _on_one_line(value):
    return markdown.one_line(value) if isinstance(value, str) else value


def words(template: str, macro: str, *arguments) -> str:
    """The output of a macro as plain text on one line."""
    said = getattr(environment(plain=True).get_template(template).module, macro)
    return " ".join(str(said(*arguments)).split())


def markdown_table(table: dict) -> str:
    """A Markdown table that also reads well as plain text. With `words` all columns
    are left-aligned."""
    head, rows = table["head"], table["rows"]
    words = table.get("words", False)

    lines = [[markdown.escaped(c) for c in line] for line in (head, *rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(head))]

    def line_of(cells):
        padded = [
            c.ljust(w) if i == 0 or words else c.rjust(w)
            for i, (c, w) in enumerate(zip(cells, widths))
        ]
        return "| " + " | ".join(padded) + " |"

    end = "-" if words else ":"
    rule = ["-" * widths[0], *("-" * (w - 1) + end for w in widths[1:])]
    return Markup("\n".join([line_of(lines[0]), line_of(rule), *map(line_of, lines[1:])]))


def markdown_chart(chart) -> str:
    alt = markdown.escaped(chart.alt.replace("[", "(").replace("]", ")").replace(" The numbers are in the table.", ""))
    # The heading of a load point says its setting.
    title = chart.title.split(": ")[0] if len(chart.load_points) == 1 else chart.title
    caption = markdown.escaped(f"{title}. {' '.join(chart.caption[:1] + chart.notes)}")
    return Markup(f"![{alt}](charts/{chart.name}.svg)\n\n*{caption}*")


def leaders_table(experiment: dict) -> dict:
    nouns: list[str] = []
    for _, leads in experiment["leaders"]:
        nouns += [x.metric.noun for x in leads if x.metric.noun not in nouns]
    rows = []
    for point, leads in experiment["leaders"]:
        by_noun = {x.metric.noun: words("words.md", "short", x) for x in leads}
        all_miss = " §" if any(x.regardless for x in leads) else ""
        rows.append([point["id"] + all_miss, *(by_noun.get(n, units.UNKNOWN) for n in nouns)])
    return {"head": ["load point", *nouns], "rows": rows}


def fit_rows(fit: dict) -> dict:
    """The fit table for report.md: what is used of each limit."""
    rows = []
    for r in fit["rows"]:
        cells = [", ".join(filter(None, (c["shown"], c["used"]))) for c in r["cells"]]
        why = f"{r['fate']}: {r['why']}" if r["why"] else r["fate"]
        rows.append([", ".join(filter(None, (r["words"], r["mark"]))), *cells, why])
    return {"head": ["model", *(f"{x['words']}: {x['shown']}" for x in fit["limits"]), "fits?"], "rows": rows, "words": True}


def evidence_rows(claims: list[dict], verdicts: dict) -> list[list[str]]:
    rows = []
    for c in claims:
        kind = c["metric"]
        value = f"{kind.show(c['value'])} {units.interval(c['lo'], c['hi'], kind.scale([c['value']])[0])}"
        said = verdicts.get(c["verdict"], units.UNKNOWN) + (f" ({c['why']})" if c["why"] else "")
        rows.append([c["id"], c["model"], kind.noun, value, str(c["n"]), said])
    return rows


def curve_table(option: dict) -> dict:
    """The table of a model's figures over its numbers of workers."""
    names = list(option["curve"][0]["figures"])
    rows = []
    for r in option["curve"]:
        cells = []
        for name in names:
            kind, row = metrics.metric(name), r["figures"][name]
            bounds = units.interval(row["lo"], row["hi"], kind.scale([row["value"]])[0]) if row else ""
            cells.append(f"{kind.show(row['value'])} {bounds}" if row else units.UNKNOWN)
        chosen = " (chosen)" if r["chosen"] else ""
        rows.append([f"{r['workers']}{chosen}", r["fate"], *cells])
    return {"head": ["workers", "fate", *(metrics.metric(n).noun for n in names)], "rows": rows}


def _plain(text: str) -> str:
    """The text without Markdown's marks, for places that would show them. Text that
    is escaped already stays marked as escaped."""
    words = re.sub(r"[*`]", "", str(text))
    return type(text)(words) if hasattr(text, "__html__") else words


def _bullets(text: str):
    items = "".join(
        f"<li>{html.escape(line[2:])}</li>"
        for line in text.splitlines()
        if line.startswith("- ")
    )
    return Markup(f"<ul>{items}</ul>")


def write_report(folder: Path, context: dict) -> None:
    """Writes report.md and index.html of one run."""
    text = environment().get_template("report.md").render(**context)
    store(folder / "report.md", squeezed(text))
    made = environment(escape=True)

    limits = environment().get_template("limits.md").render(**context)
    page = made.get_template("report.html").render(limits=limits, **context)
    store(folder / "index.html", page)


def squeezed(text: str) -> str:
    """The text without blanks at line ends and without repeated empty lines."""
    text = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def store(path: Path, text: str) -> None:
    """Writes a file atomically, so that a reader never sees half a report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
