# SPDX-License-Identifier: MIT
"""The part of JSON Schema (draft 2020-12) that results/schema uses: $ref to
$defs, type, properties, additionalProperties, items, enum, minimum, pattern.

`problem` names the first contradiction by its place, or returns None. The
keyword `required` is checked only on demand: names are added without a new
schema version, so an older run may lack some of them, and checks.py knows which
names a report needs. Without schema files beside the reports, nothing is checked.
"""

import functools
import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "results" / "schema"

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def _resolved(part, definitions: dict):
    """The part with each {"$ref": "#/$defs/NAME"} replaced by the definition."""
    if isinstance(part, list):
        return [_resolved(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(definitions[part["$ref"].removeprefix("#/$defs/")], definitions)
    return {key: _resolved(value, definitions) for key, value in part.items()}


@functools.cache
def read(kind: str) -> dict | None:
    """results/schema/KIND.schema.json without references, or None."""
    path = FOLDER / f"{kind}.schema.json"
    if not path.is_file():
        return None
    schema = json.loads(path.read_text(encoding="utf-8"))
    return _resolved(schema, schema.get("$defs", {}))


def problem(kind: str, data, whole: bool = False) -> str | None:
    """What contradicts the schema of a kind, in words. With `whole`, a missing name
    that the schema requires does too."""
    schema = read(kind)
    return _problem(schema, data, "", whole) if schema else None


def _problem(schema: dict, value, where: str, whole: bool) -> str | None:
    here = where or "the file"
    wanted = schema.get("type")
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else wanted
        if not any(TYPES[name](value) for name in names):
            found = json.dumps(value)[:60]
            return f"{here} must be of type {' or '.join(names)}, found {found}"
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(map(str, schema["enum"]))
        return f"{here} is {json.dumps(value)[:60]}, known are {known}"
    number = TYPES["number"](value)
    if number and "minimum" in schema and value < schema["minimum"]:
        return f"{here} is {value}, at least {schema['minimum']} is needed"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return f"{here} is {value!r}, which does not match {schema['pattern']}"
    if isinstance(value, dict):
        return _object(schema, value, where, whole)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found = _problem(schema["items"], item, f"{where}[{i}]", whole)
            if found:
                return found
    return None


def _object(schema: dict, value: dict, where: str, whole: bool) -> str | None:
    missing = next((key for key in schema.get("required", ()) if key not in value), None)
    if whole and missing:
        return f"{where or 'the file'} has no {missing}"
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for key, inner in value.items():
        rule = known.get(key, others if isinstance(others, dict) else None)
        place = f"{where}.{key}" if where else key
        if rule is None and others is False:
            return f"{place} is not known"
        found = _problem(rule, inner, place, whole) if rule else None
        if found:
            return found
    return None
