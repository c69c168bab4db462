{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: block (shifted per model), percent of the model's own level, valid (1 or 0), value, block
set lmargin at screen 0.135
set rmargin at screen {{ right }}
set xlabel 'block, in the order of the run'
set ylabel {{ ylabel | quoted }} offset -1
set xrange [0.5:{{ last + 0.5 }}]
set xtics 1,{{ step }},{{ last }}
set yrange [{{ y.lo }}:{{ y.hi }}]
set format y '%g %%'
unset key
set arrow from graph 0, first 100 to graph 1, first 100 nohead lc rgb '#999999' lw 1
{%- for place in labels %}
set label {{ place.text | quoted }} at graph 1.05, graph {{ "%.4f" | format(place.at) }} left textcolor rgb '{{ place.colour }}' font ',11' point pt {{ place.marker }} ps 0.9 lc rgb '{{ place.colour }}' offset 1,0
{%- endfor %}
{% call formats() %}
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 1:($3 == 1 ? $2 : NaN) with points ls {{ loop.index }} notitle, \
        data index {{ loop.index0 }} using 1:($3 == 0 ? $2 : NaN) with points lc rgb '{{ s.style.colour }}' pt {{ s.style.hollow }} ps 1.2 lw 1.5 notitle{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
