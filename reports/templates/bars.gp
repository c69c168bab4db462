{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, rows, y, box with context -%}
{% include "frame.gp" %}
# Columns: row, from, to (one block per part), then: row, total, 95 % interval from, to{{ '; then: row, mark' if marks }}
{{ rows(labels) }}
set xrange [0:{{ x.hi }}]
set style fill solid 0.85 noborder
{{ key() }}
{% call formats() %}
    plot \
{%- for words, colour in parts %}
        data index {{ loop.index0 }} using 2:{{ y() }}:2:3:{{ box(7) }} with boxxyerror lc rgb '{{ colour }}' title {{ words | quoted }}, \
{%- endfor %}
        data index {{ parts | length }} using 2:{{ y() }}:3:4 with xerrorbars lc rgb '#000000' pt 1 ps 0.5 lw 1.4 title {{ total | quoted }}
{%- if marks %}, \
        data index {{ parts | length + 1 }} using 2:{{ y() }} with points lc rgb '#000000' pt 4 ps 1.0 lw 1.4 title {{ marks | quoted }}
{%- endif %}
{%- endcall %}
