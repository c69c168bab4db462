{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, rows, y, box with context -%}
{% include "frame.gp" %}
# Columns: row, lead at the low end, at the high end; of inputs, then of constants
{{ rows(labels) }}
set xrange [{{ "%.6g" | format(lo) }}:{{ "%.6g" | format(hi) }}]
unset key
set style fill solid 0.85 noborder
set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#555555' lw 1.2 front
{% call formats() %}
    plot \
        data index 0 using (($2+$3)/2):{{ y() }}:2:3:{{ box(6) }} with boxxyerror lc rgb '#0072B2' notitle, \
        data index 1 using (($2+$3)/2):{{ y() }}:2:3:{{ box(6) }} with boxxyerror lc rgb '#E69F00' notitle
{%- endcall %}
