{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, value, 95 % interval from, to, the law's figure, text
set lmargin at screen {{ left }}
set rmargin at screen 0.94
set yrange [{{ styles | length + 0.6 }}:0.4]
set ytics ({% for s in styles %}{{ s.model | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel {{ xlabel | quoted }}
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% endif %}unset key
{% for row, words in notes -%}
set label {{ words | quoted }} at graph 0.01, first {{ row }} textcolor rgb '#777777'
{% endfor -%}
{% for limit in limits -%}
set arrow from first {{ limit.at }}, graph 0 to first {{ limit.at }}, graph 1 nohead lc rgb '#AA0000' dt 4 lw 1.2
set label {{ limit.text | quoted }} at first {{ limit.at }}, graph 1 offset 0,0.5 center textcolor rgb '#AA0000' font ',9'
{% endfor -%}
{% call formats() %}
    plot \
{%- if law %}
        data using 5:($1-0.34):(0):(0.68) with vectors nohead lc rgb '#888888' dt 1 lw 4, \
{%- endif %}
{%- for s in styles %}
        data index {{ loop.index0 }} using 2:1:3:4 with xerrorbars ls {{ loop.index }} dt 1, \
        data index {{ loop.index0 }} using 2:1 with points ls {{ loop.index }}, \
        data index {{ loop.index0 }} using 2:1:6 with labels offset 0,1.05 font ',10' textcolor rgb '#222222'{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
