{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: place on the axis of connections, on that of waits, log10 of the figure, the figure
unset grid
set xrange [-0.5:{{ counts | length - 0.5 }}]
set yrange [-0.5:{{ waits | length - 0.5 }}]
set xtics ({% for c in counts %}{{ c | quoted }} {{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set ytics ({% for w in waits %}{{ w | quoted }} {{ loop.index0 }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set cbrange [-{{ "%.4f" | format(top) }}:{{ "%.4f" | format(top) }}]
set palette defined (-1 '#0072B2', 0 '#FFFFFF', 1 '#D55E00')
unset colorbox
unset key
set style fill solid 1 noborder
{% call formats() %}
    set multiplot layout {{ rows }},1 margins screen 0.16,0.98,{{ "%.4f" | format(chart.bottom / chart.height) }},{{ "%.4f" | format(1 - (chart.top + 26) / chart.height) }} spacing screen 0,{{ "%.4f" | format(70 / chart.height) }}
{%- for p in panels %}
    set title {{ p | quoted }} offset 0,-0.6
    plot data index {{ loop.index0 }} using 1:2:(0.5):(0.5):3 with boxxyerror lc palette, \
        data index {{ loop.index0 }} using 1:2:4 with labels textcolor rgb '#111111'
    unset for [i=100:104] label i
{%- endfor %}
    unset multiplot
{%- endcall %}
