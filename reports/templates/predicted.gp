{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: predicted, measured, load point; one block per model
set logscale xy 10
set xrange [{{ x.lo }}:{{ x.hi }}]
set yrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
set ytics ({{ x.tics }})
{% endif %}{{ key() }}
{% call formats() %}
    plot \
        x with lines lc rgb '#444444' dt 1 lw 1.2 notitle, \
        x*(1+{{ limit }}) with lines lc rgb '#888888' dt 2 lw 1 notitle, \
        x*(1-{{ limit }}) with lines lc rgb '#888888' dt 2 lw 1 notitle
{%- for s in styles %}, \
        data index {{ loop.index0 }} using 1:2 with points ls {{ loop.index }} title {{ s.model | quoted }}
{%- endfor %}
{%- endcall %}
