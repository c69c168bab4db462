{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, lead at the low end, at the high end; of inputs, then of constants
set lmargin at screen {{ left }}
set yrange [{{ labels | length + 0.6 }}:0.4]
set ytics ({% for text in labels %}{{ text | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel 'lead over the second option, %'
set xrange [{{ "%.6g" | format(lo) }}:{{ "%.6g" | format(hi) }}]
unset key
set style fill solid 0.85 noborder
set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#555555' lw 1.2 front
{% call formats() %}
    plot \
        data index 0 using (($2+$3)/2):1:2:3:($1-0.32):($1+0.32) with boxxyerror lc rgb '#0072B2' notitle, \
        data index 1 using (($2+$3)/2):1:2:3:($1-0.32):($1+0.32) with boxxyerror lc rgb '#E69F00' notitle
{%- endcall %}
