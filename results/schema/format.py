#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out the schemas beside this file, one property a line.

What fits in 120 columns stays on one line, what does not is broken at its own
level; a broken list of plain values is filled like text. Order and content stay.
With --check nothing is written: each file that would change is named, and the
exit status is 1.
"""

import json
import sys
from pathlib import Path

COLUMNS = 120
HERE = Path(__file__).resolve().parent


def once(pairs: list[tuple[str, object]]) -> dict:
    """An object as json.loads makes it; a name that stands twice is an error."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError(f"a name stands twice among {', '.join(name for name, _ in pairs)}")
    return made


def filled(parts: list[str], indent: int) -> list[str]:
    """The parts on as few lines as hold them."""
    lines = [parts[0]]
    for part in parts[1:]:
        if indent + len(lines[-1]) + len(", ") + len(part) < COLUMNS:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def text_of(value, indent: int = 0, before: str = "") -> str:
    """The value as JSON, whose first line begins after `before`."""
    flat = before + json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or indent + len(flat) < COLUMNS:  # a comma may follow
        return flat
    inner = indent + 1
    if isinstance(value, dict):
        parts = [text_of(part, inner, f"{json.dumps(name, ensure_ascii=False)}: ") for name, part in value.items()]
    elif any(isinstance(part, (dict, list)) for part in value):
        parts = [text_of(part, inner) for part in value]
    else:
        parts = filled([json.dumps(part, ensure_ascii=False) for part in value], inner)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(" " * inner + part for part in parts)
    return f"{before}{opening}\n{body}\n{' ' * indent}{closing}"


def main(words: list[str]) -> int:
    if words not in ([], ["--check"]):
        print(f"usage: {sys.argv[0]} [--check]", file=sys.stderr)
        return 2
    different = False
    for path in sorted(HERE.glob("*.json")):
        now = path.read_text(encoding="utf-8")
        try:
            wanted = text_of(json.loads(now, object_pairs_hook=once)) + "\n"
        except ValueError as e:
            print(f"{path}: {e}", file=sys.stderr)
            return 1
        if now != wanted and words:
            print(f"{path.relative_to(HERE.parents[1])} is not laid out: make format", file=sys.stderr)
        elif now != wanted:
            path.write_text(wanted, encoding="utf-8")
        different = different or now != wanted
    return 1 if different and words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
