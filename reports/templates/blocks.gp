{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: block (shifted per model), percent of the model's own level, valid (1 or 0), value, block
set xrange [0.5:{{ last + 0.5 }}]
set xtics 1,{{ step }},{{ last }}
set yrange [{{ y.lo }}:{{ y.hi }}]
set format y '%g %%'
{{ key() }}
set arrow from graph 0, first 100 to graph 1, first 100 nohead lc rgb '#999999' lw 1
{% call formats() %}
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 1:($3 == 1 ? $2 : NaN) with points ls {{ loop.index }} title {{ s.model | quoted }}, \
        data index {{ loop.index0 }} using 1:($3 == 0 ? $2 : NaN) with points lc rgb '{{ s.style.colour }}' pt {{ s.style.hollow }} ps 1.2 lw 1.5 notitle{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
