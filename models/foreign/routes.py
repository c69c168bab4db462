# SPDX-License-Identifier: MIT
"""From a request's target to a workload's name and arguments.

The build writes the tables of the C workloads to routes.json beside the models,
so that names, units, defaults and limits are written down once. A model has the
workloads for which it has a handler.
"""
import functools
import json
import os
import re
import sys

_QUANTITY = re.compile(r"(\d+)(?:\.(\d+))?(.*)", re.ASCII)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"http://[^/?]*/?", re.IGNORECASE)
_QUERY_MAX = 2048
_SEED_MAX = (1 << 64) - 1


class Wrong(Exception):
    """A request that gets `status` and one sentence."""

    def __init__(self, status: int, words: str):
        super().__init__(status, words)  # both, so that a process can pickle it
        self.status, self.words = status, words


class _Unit:
    """A kind of quantity, from a row of models/runtime/base/units.c."""

    def __init__(self, row: dict):
        self.kind, self._suffixes = row["kind"], row["suffixes"]
        self.value = functools.lru_cache(maxsize=1024)(self._value)

    def _value(self, text: str) -> int | None:
        """50ms -> 50000000; None if the text is no quantity of this unit."""
        match = _QUANTITY.fullmatch(text)
        scale = self._suffixes.get(match[3]) if match else None
        if scale is None:
            return None
        fraction = match[2] or ""
        value, rest = divmod(int(match[1] + fraction) * scale, 10 ** len(fraction))
        return None if rest else value


def _shown(text: str) -> str:
    return "".join(c if " " <= c < "\x7f" else "?" for c in text[:40])


class _Parameter:
    def __init__(self, row: dict, units: dict):
        self.name, self.unit = row["name"], units[row["unit"]]
        self.low, self.high = row["minimum"], row["maximum"]
        self.limits = self.unit.value(self.low), self.unit.value(self.high)
        self.list_max = row.get("list_max", 0)
        self.default = self.parse(row["default"])

    def parse(self, text: str):
        """The parameter's value, or a tuple of values if it takes several."""
        if not self.list_max:
            return self._one(text)
        pieces = text.split(",")
        if len(pieces) > self.list_max:
            raise Wrong(400, f"{self.name} has too many values; allowed are 1 to {self.list_max}")
        return tuple(map(self._one, pieces))

    def _one(self, text: str) -> int:
        value = self.unit.value(text)
        if value is not None and self.limits[0] <= value <= self.limits[1]:
            return value
        fault = f"not {self.unit.kind}" if value is None else "out of range"
        raise Wrong(400, f"{self.name}={_shown(text)} is {fault}; allowed is {self.low} "
                         f"to {self.high}")


def _decoded(text: str) -> str:
    if text.count("%") != len(_ESCAPE.findall(text)):
        raise Wrong(400, "the query is malformed: % is not followed by two hexadecimal digits")
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text.replace("+", " "))


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 200 or int(text) > _SEED_MAX:
        raise Wrong(400, f"seed={_shown(text)} is not a whole number; allowed is 0 to {_SEED_MAX}")
    return int(text)


class _Route:
    def __init__(self, row: dict, units: dict):
        self.parameters = {p["name"]: _Parameter(p, units) for p in row["parameters"]}
        self.defaults = {name: p.default for name, p in self.parameters.items()} | {"seed": 0}

    def arguments(self, query: str) -> dict:
        """The values of all parameters and the seed, by name."""
        if not query:
            return self.defaults
        if len(query) > _QUERY_MAX:
            raise Wrong(400, f"the query is too long, {_QUERY_MAX} bytes at most")
        given = {}
        for piece in query.split("&"):
            name, equals, text = piece.partition("=")
            if "%" in piece or "+" in piece:
                name, text = _decoded(name), _decoded(text)
            parameter = self.parameters.get(name)
            if parameter is None and name != "seed":
                raise Wrong(400, f"{_shown(name)} is not a parameter here; there are: "
                                 f"{', '.join([*self.parameters, 'seed'])}")
            if not equals:
                raise Wrong(400, "the query is malformed; write name=value&name=value")
            if name in given:
                raise Wrong(400, f"{_shown(name)} is given twice; give it once")
            given[name] = parameter.parse(text) if parameter else _seed(text)
        return self.defaults | given


class Routes:
    """The routes of a model that has these workloads."""

    def __init__(self, model: str, has, tables_path: str | None = None):
        tables_path = tables_path or os.path.join(sys.path[0], "../routes.json")
        with open(tables_path, encoding="utf-8") as file:
            tables = json.load(file)
        units = {name: _Unit(row) for name, row in tables["units"].items()}
        rows = {row["name"]: row for row in tables["workloads"]}
        self._model, self._known = model, frozenset(rows)
        self.names = sorted(self._known & set(has))
        self._routes = {f"/{name}": (name, _Route(rows[name], units)) for name in self.names}
        self.listing = json.dumps({"model": model, "routes": [
            {"route": f"/{name}"} | {k: v for k, v in rows[name].items() if k != "name"}
            for name in self.names]}).encode() + b"\n"

    def find(self, target: str) -> tuple[str, dict]:
        """The workload's name and its arguments, or Wrong."""
        if not target.startswith("/"):  # http://HOST/PATH, the path may be missing
            target = _AUTHORITY.sub("/", target, count=1)
        path, _, query = target.partition("?")
        found = self._routes.get(path)
        if found:
            return found[0], found[1].arguments(query)
        if path in ("/", "/stats"):
            return path, {"reset": query == "reset=1"}
        if path[1:] in self._known:
            raise Wrong(404, f"the model {self._model} does not have {path}")
        raise Wrong(404, f"there is no route {_shown(path)}; GET / lists the routes")
