{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: x, value, 95 % interval from, to
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if xtics or x.tics %}set xtics ({{ xtics or x.tics }})
{% endif %}{% if y.log %}set logscale y 10
{% endif %}set yrange [{{ y.lo }}:{{ y.hi }}]
{% if y.tics %}set ytics ({{ y.tics }})
{% else %}set format y {{ yformat | quoted }}
{% endif -%}
{{ key() }}
{%- for f in fits %}
fit{{ f.index }}(x) = {{ "%.6g" | format(f.m0) }} + {{ "%.6g" | format(f.m1) }} * x  # {{ f.model }}
{%- endfor %}
{%- if limit %}
set arrow from graph 0, first {{ limit.at }} to graph 1, first {{ limit.at }} nohead lc rgb '#AA0000' dt 4 lw 1.4
set label {{ limit.text | quoted }} at graph 0.01, first {{ limit.at }} offset 0,0.7 textcolor rgb '#AA0000'
{%- endif %}
{% call formats() %}
    plot \
{%- for f in fits %}
        fit{{ f.index }}(x) ls {{ f.index }} lw 1.1 dt 3 notitle, \
{%- endfor %}
{%- if bound %}
        data index {{ styles | length }} using 1:2 with lines lc rgb '#555555' dt 2 lw 1.4 title {{ bound | quoted }}, \
{%- endif %}
{%- if platform %}
        data index {{ platform }} using 1:2 with lines lc rgb '#999999' lw 0.8 title 'the machine itself, late by', \
{%- endif %}
{%- if rings %}
        data index {{ rings }} using 1:2 with points lc rgb '#222222' pt 6 ps 2.0 lw 1.4 notitle, \
{%- endif %}
{%- if hollow %}
        data index {{ hollow }} using 1:2:3 with points lc rgb variable pt 6 ps 1.2 lw 1.5 notitle, \
{%- endif %}
{%- for s in styles %}
{%- if bars %}
        data index {{ loop.index0 }} using 1:2:3:4 with yerrorbars ls {{ loop.index }} dt 1 notitle, \
{%- endif %}
        data index {{ loop.index0 }} using 1:2 with {{ "linespoints" if lines else "points" }} ls {{ loop.index }} {{ "pi %d " | format(every) if lines }}title {{ keys[s.model] | quoted if keys else s.model | quoted }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
