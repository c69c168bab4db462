{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: cost, speed, 95 % interval of the cost from, to, of the speed from, to
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% endif %}{% if y.log %}set logscale y 10
{% endif %}set yrange [{{ y.lo }}:{{ y.hi }}]
{% if y.tics %}set ytics ({{ y.tics }})
{% endif %}{{ key() }}
{%- if limit %}
set arrow from graph 0, first {{ limit.at }} to graph 1, first {{ limit.at }} nohead lc rgb '#AA0000' dt 4 lw 1.4
set label {{ limit.text | quoted }} at graph 0.01, first {{ limit.at }} offset 0,0.7 textcolor rgb '#AA0000'
{%- endif %}
{% call formats() %}
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 1:2:3:4:5:6 with xyerrorbars ls {{ loop.index }} dt 1 {% if s.model in grey %}lc rgb '{{ grey[s.model] }}' {% endif %}notitle, \
        data index {{ loop.index0 }} using 1:2 with points ls {{ loop.index }} ps 1.3 {% if s.model in grey %}lc rgb '{{ grey[s.model] }}' {% endif %}title {{ names[s.model] | quoted }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
