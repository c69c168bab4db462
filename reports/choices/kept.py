# SPDX-License-Identifier: MIT
"""What a decision by forecast says first: a sentence, and for each option how much of
each limit it uses at the peak. The figures, their bands and the fates are stored in
decision.json; a band holds nine measurements in ten.
"""

from data.metrics import metric
from pages import fit


def headline(data: dict, found: dict | None) -> str:
    """The answer in a sentence that a reader sees first; `found` is its table."""
    named = data["named"]
    if not named:
        return sentence(data["sentences"][0])
    if len(named) == 1:
        leader = next(o for o in data["options"] if o["model"] == named[0])
        words = f"Use {named[0]}" + (f" with {leader['workers']} worker{'s' if leader['workers'] != 1 else ''}" if leader["workers"] else "")
        return words + (f": {_kept(found, named[0])}." if found else ".")
    return f"Use any of {', '.join(named)}: the choice hardly matters." if data["outcome"] == "does not matter" else (
        f"Use one of {', '.join(named)}: the forecast cannot tell which.")


def _kept(found: dict, model: str) -> str:
    """What a model needs of each limit."""
    cells = next(r["cells"] for r in found["rows"] if r["model"] == model)
    return ", ".join(f"{limit['words']} {cell['shown']} of {limit['shown']} allowed" for limit, cell in zip(found["limits"], cells))


def table(data: dict) -> dict | None:
    """Of each option the latency and the memory at the peak, against the limits asked for."""
    service, kinds = data["service"], []
    for name, column in (("limit", "latency_p99_ns"), ("memory", "memory_total_bytes")):
        if (service.get(name) or {}).get("value"):
            kinds.append((name, metric(column), service[name]["value"]))
    words = {"limit": f"p{data['percentile']:g}", "memory": "memory"}
    limits = [fit.limit(words[name], value, kind) for name, kind, value in kinds]
    rows = []
    for o in data["options"]:
        cells = [_against(o, name, kind, value) for name, kind, value in kinds]
        named = o["model"] in data["named"]
        rows.append(fit.row(o["model"], o["workers"], o["fate"], _why(o, named), cells, named))
    return fit.table(limits, rows)


def _against(option: dict, name: str, kind, limit: float) -> dict:
    """A figure with its band, of nine measurements in ten, against its limit."""
    if name == "limit":
        if option["overload"]:
            return fit.cell("overload", None, None, None, limit, "fails") | {"least": "inf", "most": "inf"}
        value, most, band = option["latency_ns"], option["latency_ns"], option["latency_band"]
    else:
        value, most, band = option["memory_bytes"], option["memory_most_bytes"], option["memory_band"]
    if value is None:
        return fit.cell("not known", None, None, None, limit, "not known")
    lo, hi = value / (band or 1), (most or value) * (band or 1)
    fate = "fits" if hi <= limit else "fails" if lo > limit else "at risk"
    return fit.cell(kind.show(value), value, lo, hi, limit, fate)


def _why(option: dict, named: bool) -> str:
    if option["overload"]:
        return "the rate is more than its capacity"
    if option["fate"] != "fits":
        return {"fails": "misses a limit", "at risk": "may miss a limit"}.get(option["fate"], option["fate"])
    return "" if named else f"regret {100 * option['regret']:.0f} %: so much worse is it than the best, in the mean of the draws"


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."
