{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, ratio, 95 % interval from, to, colour (decided, then undecided); then: row, margin to, from
set lmargin at screen {{ left }}
set rmargin at screen {{ "%.4f" | format(right) }}
set yrange [{{ labels | length + 0.6 }}:0.4]
set ytics ({% for text in labels %}{{ text | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel {{ xlabel | quoted }}
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
{% if xtics %}set xtics ({{ xtics }})
{% endif %}unset key
set style fill solid 1.0 noborder
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#555555' lw 1.2 front
{% for text in texts -%}
set label {{ text | quoted }} at graph 1.02, first {{ loop.index }} left font ',11' textcolor rgb '#222222'
{% endfor -%}
{% call formats() %}
    plot \
        data index 2 using 2:1:3:2:($1-0.5):($1+0.5) with boxxyerror lc rgb '#E4E4E4' notitle, \
        data index 0 using 2:1:3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle, \
        data index 1 using 2:1:3:4:5 with xerrorbars lc rgb variable pt 6 ps 1.0 lw 1.6 notitle
{%- endcall %}
