# SPDX-License-Identifier: MIT
"""One colour, dash and marker per model, alike in every chart.

Readers with any colour vision can tell the colours apart (Okabe and Ito, "Color
Universal Design", 2008); dash and marker repeat the distinction for print. A
family of models shares a hue (threads blue, loops vermilion, processes green)
and its members differ in dash and marker. A model that is not in the table gets
a style from its name alone, and so looks alike in every run.
"""

import zlib
from dataclasses import dataclass

BLACK, BLUE, SKY = "#000000", "#0072B2", "#56B4E9"
VERMILION, ORANGE = "#D55E00", "#E69F00"
GREEN, PURPLE, GREY = "#009E73", "#CC79A7", "#777777"

# Filled markers of gnuplot; the number below each is its hollow form.
CIRCLE, SQUARE, UP, DOWN, DIAMOND = 7, 5, 9, 11, 13


@dataclass(frozen=True)
class Style:
    colour: str
    dash: int  # gnuplot's dashtype, 1 = solid
    marker: int  # a filled marker

    @property
    def hollow(self) -> int:
        return self.marker - 1

    @property
    def number(self) -> float:
        """The colour for a .dat file."""
        return float(int(self.colour[1:], 16))


MODELS = {
    "serial": Style(BLACK, 1, SQUARE),
    "thread-per-request": Style(BLUE, 1, UP),
    "thread-per-connection": Style(SKY, 1, DIAMOND),
    "thread-pool": Style(BLUE, 2, DOWN),
    "event-loop": Style(VERMILION, 1, CIRCLE),
    "event-loop-offload": Style(ORANGE, 1, SQUARE),
    "event-loop-per-core": Style(VERMILION, 2, UP),
    "callback": Style(ORANGE, 2, DIAMOND),
    "process-per-request": Style(PURPLE, 1, UP),
    "process-pool": Style(GREEN, 1, DIAMOND),
    "process-loops": Style(GREEN, 2, SQUARE),
    "null": Style(GREY, 3, CIRCLE),
    "cpython-threads": Style(BLUE, 4, CIRCLE),
    "cpython-asyncio": Style(VERMILION, 4, DOWN),
    "cpython-processes": Style(GREEN, 4, UP),
    "node": Style(PURPLE, 4, SQUARE),
    "node-workers": Style(PURPLE, 3, DIAMOND),
    "node-cluster": Style(PURPLE, 2, DOWN),
}

# Of the models' disciplines: the colour of their family.
DISCIPLINES = {
    "loop": Style(VERMILION, 1, CIRCLE),
    "thread": Style(BLUE, 1, UP),
    "worker": Style(SKY, 1, DIAMOND),
    "process": Style(GREEN, 1, SQUARE),
    "alone": Style(BLACK, 1, DOWN),
    "unknown": Style(GREY, 1, CIRCLE),
}

_COLOURS = (PURPLE, SKY, ORANGE, GREEN, BLUE, VERMILION)
_MARKERS = (DOWN, CIRCLE, DIAMOND, SQUARE, UP)

# The segments of stacked bars: (key, words, colour), bottom first.
CPU_PARTS = (
    ("cpu_user_per_request_ns", "user", BLUE),
    ("cpu_system_per_request_ns", "system", ORANGE),
    ("cpu_per_request_ns", "not split", "#BBBBBB"),
)
MEMORY_PARTS = (
    ("user_bytes", "user pages", BLUE),
    ("kernel_stack_bytes", "kernel stacks", VERMILION),
    ("page_table_bytes", "page tables", ORANGE),
    ("slab_bytes", "slab", GREEN),
    ("socket_bytes", "sockets", PURPLE),
    ("rest_bytes", "rest", "#BBBBBB"),
)
CONNECT_PARTS = (
    ("latency_connect_mean_ns", "connecting", SKY),
    ("latency_mean_ns", "request and answer", BLUE),
)


def style(model: str) -> Style:
    """The style of a model, from its name alone."""
    known = MODELS.get(model)
    if known:
        return known
    key = zlib.crc32(model.encode())
    colour = _COLOURS[key % len(_COLOURS)]
    marker = _MARKERS[key // 7 % len(_MARKERS)]
    return Style(colour, 5, marker)
