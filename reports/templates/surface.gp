{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: place on the axis of connections, on that of waits, log10 of the figure, the figure
unset tmargin
unset grid
set xrange [-0.5:{{ counts | length - 0.5 }}]
set yrange [-0.5:{{ waits | length - 0.5 }}]
set xtics ({% for c in counts %}{{ c | quoted }} {{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}) scale 0 font ',9'
set ytics ({% for w in waits %}{{ w | quoted }} {{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}) scale 0 font ',9'
set xlabel 'connections' font ',10' offset 0,0.4
set ylabel 'wait' font ',10'
set cbrange [-{{ "%.4f" | format(top) }}:{{ "%.4f" | format(top) }}]
set palette defined (-1 '#0072B2', 0 '#FFFFFF', 1 '#D55E00')
unset colorbox
unset key
set style fill solid 1 noborder
{% call formats() %}
    set label 100 {{ chart.title | quoted }} at screen 0.012, screen 1 left offset 0,-1.1 font ',13'
    set multiplot layout {{ rows }},{{ columns }} margins screen 0.1,0.98,0.1,0.85 spacing screen 0.12,{{ "%.3f" | format(0.34 / (rows + 0.4)) }}
{%- for p in panels %}
    set title {{ p | quoted }} font ',11' offset 0,-0.6
    plot data index {{ loop.index0 }} using 1:2:(0.5):(0.5):3 with boxxyerror lc palette, \
        data index {{ loop.index0 }} using 1:2:4 with labels font ',9' textcolor rgb '#111111'
    unset label 100
{%- endfor %}
    unset multiplot
{%- endcall %}
