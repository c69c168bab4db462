{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, latency in ms, band from, to, colour
{{ rows(labels) }}
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
unset key
{% if limit %}set arrow from first {{ limit }}, graph 0 to first {{ limit }}, graph 1 nohead lc rgb '#AA0000' lw 1.4 dt 4
{% endif %}
{%- call formats() %}
    plot data index 0 using 2:{{ y() }}:3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle
{%- endcall %}
