{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, from, to; then, one block per kind of mark: row, value
{{ rows(labels) }}
set xrange [{{ x.lo }}:{{ x.hi }}]
{{ key() }}
set arrow from first {{ line.at }}, graph 0 to first {{ line.at }}, graph 1 nohead lc rgb '{{ line.colour }}' dt {{ line.dash }} lw 1.2 back
{% call formats() %}
    plot \
{%- if line.title %}
        NaN with lines lc rgb '{{ line.colour }}' dt {{ line.dash }} lw 1.2 title {{ line.title | quoted }}, \
{%- endif %}
        data index 0 using 2:{{ y() }}:($3-$2):(0) with vectors nohead lc rgb '{{ bar_colour }}' lw 3 {% if bars %}title {{ bars | quoted }}{% else %}notitle{% endif %}
{%- for m in marks %}, \
        data index {{ loop.index }} using 2:{{ y() }} with points lc rgb '{{ m.colour }}' pt {{ m.marker }} ps 0.9 lw 1.4 title {{ m.title | quoted }}
{%- endfor %}
{%- endcall %}
