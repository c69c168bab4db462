{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, rows, y, box with context -%}
{% include "frame.gp" %}
# Columns: row, ratio, 95 % interval from, to, colour (decided, then undecided); then: row, margin to, from
{{ rows(labels) }}
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
{% if xtics %}set xtics ({{ xtics }})
{% endif %}unset key
set style fill solid 1.0 noborder
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#999999' lw 1
{% call formats() %}
    plot \
        data index 2 using 2:{{ y() }}:3:2:{{ box(8) }} with boxxyerror lc rgb '#D0D0D0' notitle, \
        data index 0 using 2:{{ y() }}:3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle, \
        data index 1 using 2:{{ y() }}:3:4:5 with xerrorbars lc rgb variable pt 6 ps 1.0 lw 1.6 notitle
{%- endcall %}
