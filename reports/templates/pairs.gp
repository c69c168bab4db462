{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row (shifted per pair), ratio, colour (one block per model); then: row, ratio, 95 % interval from, to, margin to, from
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
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#555555' lw 1.2
{% for text in texts -%}
set label {{ text | quoted }} at graph 1.02, first {{ loop.index }} left font ',11' textcolor rgb '#222222'
{% endfor -%}
{% call formats() %}
    plot \
        data index {{ labels | length }} using 2:1:6:5:($1-0.45):($1+0.45) with boxxyerror lc rgb '#E4E4E4' notitle, \
{%- for text in labels %}
        data index {{ loop.index0 }} using 2:1:3 with points lc rgb variable pt 7 ps 0.35 notitle, \
{%- endfor %}
        data index {{ labels | length }} using 2:1:3:4 with xerrorbars lc rgb '#000000' pt 13 ps 0.9 lw 1.8 notitle
{%- endcall %}
