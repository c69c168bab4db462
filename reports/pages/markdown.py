# SPDX-License-Identifier: MIT
"""Escapes text from outside for Markdown, so that it reads as written and becomes
neither markup nor HTML nor a line of its own.

The template environment passes every value through `finalized`, so no template
can forget to escape. The output of macros, tables and the filters below is
Markdown already and stays as it is. (CommonMark 0.31, sections 2.4, 4 and 6;
GitHub's tables.)
"""

import re
from urllib.parse import quote

from jinja2 import pass_eval_context
from markupsafe import Markup

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
FIGURES = r"\[(?:n/a|too wide|[-\d.,–−%×+ a-z]{1,40}–[-\d.,−%×+ a-z]{1,40}|\d+ %)\](?![(\[:])"
SPECIAL = re.compile(
    rf"(?P<figures>{FIGURES})"  # an interval: [50.3–51.8]
    r"|(?P<entity>&(?=#?\w+;)|<(?=[A-Za-z/!?]|$)|`)"
    r"|(?P<marked>[\\|\[\]]|~~|\*(?=\S)|(?<=\S)\*|(?<![^\W_])_|_(?![^\W_]))"
    r"|(?P<first>^(?:#|>|[-+](?=\s)|=|\d+[.)](?=\s)))"
)
ENTITIES = {"&": "&amp;", "<": "&lt;", "`": "&#96;"}


def one_line(text) -> str:
    """The text without line ends and other control characters."""
    return CONTROL.sub(" ", str(text))


def escaped(text) -> Markup:
    """The text escaped for any place in a line, including table cells."""

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
    """The text for a place between backticks or fences, where only a backtick is
    markup."""
    return Markup(one_line(text).replace("`", "'").lstrip("~"))


def link(text) -> Markup:
    """The address of a file as a relative link."""
    return Markup(quote(str(text), safe="/.~-_#"))


@pass_eval_context
def finalized(context, value):
    """A value as a Markdown template shows it; other templates get it unchanged."""
    if not isinstance(value, str):
        return value
    if not context.autoescape:
        return value
    return value if hasattr(value, "__html__") else escaped(value)
