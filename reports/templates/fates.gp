{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, latency in ms, band from, to, colour
set lmargin at screen {{ left }}
set rmargin at screen {{ "%.4f" | format(right) }}
set yrange [{{ labels | length + 0.6 }}:0.4]
set ytics ({% for text in labels %}{{ text | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel {{ xlabel | quoted }}
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
unset key
{% if limit %}set arrow from first {{ limit }}, graph 0 to first {{ limit }}, graph 1 nohead lc rgb '#D55E00' lw 1.6 dt 2 front
{% endif %}
{%- for text in texts -%}
set label {{ text | quoted }} at graph 1.02, first {{ loop.index }} left font ',11' textcolor rgb '#222222'
{% endfor -%}
{% call formats() %}
    plot data index 0 using 2:1:3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle
{%- endcall %}
