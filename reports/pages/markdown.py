# SPDX-License-Identifier: MIT
"""Text that others wrote, inside Markdown: it reads as it was written, and is
neither markup nor HTML nor a line of its own.

The environment of the templates passes every value through `finalized`, so that
a template cannot forget it. What a macro, a table or a filter below made is
Markdown already and goes through as it is. (CommonMark 0.31, sections 2.4, 4 and
6; GitHub's tables.)
"""

import re
from urllib.parse import quote

from jinja2 import pass_eval_context
from markupsafe import Markup

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
FIGURES = r"\[(?:n/a|too wide|[-\d.,–−%×+ a-zµ]{1,40}–[-\d.,−%×+ a-zµ]{1,40}|\d+ %)\](?![(\[:])"
SPECIAL = re.compile(
    rf"(?P<figures>{FIGURES})"  # an interval: [50.3–51.8]
    r"|(?P<entity>&(?=#?\w+;)|<(?=[A-Za-z/!?]|$)|`)"
    r"|(?P<marked>[\\|\[\]]|~~|\*(?=\S)|(?<=\S)\*|(?<![^\W_])_|_(?![^\W_]))"
    r"|(?P<first>^(?:#|>|[-+](?=\s)|=|\d+[.)](?=\s)))"
)
ENTITIES = {"&": "&amp;", "<": "&lt;", "`": "&#96;"}


def one_line(text) -> str:
    """No line end, no other control character."""
    return CONTROL.sub(" ", str(text))


def escaped(text) -> Markup:
    """Anywhere in a line, in a table's cell, and between backticks."""

    def replace(found):
        seen = found[0]
        if found["figures"]:
            return seen
        if found["entity"]:
            return ENTITIES[seen]
        if found["first"] and seen[0].isdigit():
            return f"{seen[:-1]}\\{seen[-1]}"
        return "".join(f"\\{c}" for c in seen)

    return Markup(SPECIAL.sub(replace, one_line(text)))


def code(text) -> Markup:
    """Between backticks or fences, where nothing is markup but a backtick."""
    return Markup(one_line(text).replace("`", "'").lstrip("~"))


def link(text) -> Markup:
    """The address of a file, relative to the page."""
    return Markup(quote(str(text), safe="/.~-_#"))


@pass_eval_context
def finalized(context, value):
    """Every value of a Markdown template; of others all but control characters
    stay."""
    if not isinstance(value, str):
        return value
    if not context.autoescape:
        return value
    return value if hasattr(value, "__html__") else escaped(value)
