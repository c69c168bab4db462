{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: workers, p99 in ms, from, to; workers, memory in MiB
set border 11
set logscale x 10
set xrange [{{ x.lo }}:{{ x.hi }}]
set xtics ({{ x.tics }})
{% if latency.log %}set logscale y 10
set ytics ({{ latency.tics }})
{% endif %}set yrange [{{ latency.lo }}:{{ latency.hi }}]
{% if memory.log %}set logscale y2 10
set y2tics ({{ memory.tics }})
{% else %}set y2tics nomirror
{% endif %}set y2range [{{ memory.lo }}:{{ memory.hi }}]
{{ key() }}
{% if overload -%}
set object 1 rectangle from graph 0, graph 0 to first {{ overload }}, graph 1 behind fillcolor rgb '#D0D0D0' fillstyle solid noborder
set label 'overload' at graph 0.01, graph 0.04 left textcolor rgb '#555555'
{% endif -%}
{% for number, text in marks -%}
set arrow from first {{ number }}, graph 0 to first {{ number }}, graph 1 nohead lc rgb '#555555' lw 1 dt 3 back
set label {{ text | quoted }} at first {{ number }}, graph {{ "0.9" if loop.index is odd else "0.02" }} {{ "right" if loop.index is odd else "left" }} rotate by 90 offset -0.7,0 textcolor rgb '#222222' front
{% endfor -%}
{% call formats() %}
    plot \
        data index 0 using 1:2 with linespoints lc rgb '#0072B2' lw 1.8 pt 7 ps 0.7 title 'p99', \
        data index 1 using 1:2 axes x1y2 with linespoints lc rgb '#E69F00' lw 1.8 dt 2 pt 5 ps 0.7 title 'memory'
{%- endcall %}
