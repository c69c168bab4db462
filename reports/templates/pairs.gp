{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, rows, y, box with context -%}
{% include "frame.gp" %}
# Columns: row, shift of the pair in its row, ratio, colour (one block per model); then: row, ratio, 95 % interval from, to, margin to, from
{{ rows(labels) }}
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
{% if xtics %}set xtics ({{ xtics }})
{% endif %}unset key
set style fill solid 1.0 noborder
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#999999' lw 1
{% call formats() %}
    plot \
        data index {{ labels | length }} using 2:{{ y() }}:6:5:{{ box(14) }} with boxxyerror lc rgb '#D0D0D0' notitle, \
{%- for text in labels %}
        data index {{ loop.index0 }} using 3:($1+{{ "%.4f" | format(chart.sunk) }}+$2*{{ "%.4f" | format(28 / chart.row) }}):4 with points lc rgb variable pt 7 ps 0.35 notitle, \
{%- endfor %}
        data index {{ labels | length }} using 2:{{ y() }}:3:4 with xerrorbars lc rgb '#000000' pt 13 ps 0.9 lw 1.8 notitle
{%- endcall %}
