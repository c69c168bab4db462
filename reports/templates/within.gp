{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, labels with context -%}
{% include "frame.gp" %}
# Columns: seconds, answers per second (a block per model); then: seconds, latency in ms (a block per model)
set xrange [{{ x.lo }}:{{ x.hi }}]
set arrow 1 from first {{ opens }}, graph 0 to first {{ opens }}, graph 1 nohead lc rgb '#555555' dt 2 lw 1.2
{{ key() }}
{%- macro panel(axis, format) %}
{%- if axis.log %}
    set logscale y 10
{%- endif %}
    set yrange [{{ axis.lo }}:{{ axis.hi }}]
{%- if axis.tics %}
    set ytics ({{ axis.tics }})
{%- else %}
    set ytics autofreq
    set format y {{ format | quoted }}
{%- endif %}
{%- endmacro %}
{% call formats() %}
    set multiplot
{%- if latency %}
    set bmargin at screen {{ "%.4f" | format((chart.bottom + below + 34) / chart.height) }}
    set format x ''
{%- endif %}
{{- panel(y, yformat) }}
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 1:2 with linespoints ls {{ loop.index }} pi 7 lw 0.8 ps 0.6 title {{ s.model | quoted }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- if latency %}
    unset label
    unset key
    unset logscale y
    set label 97 {{ latency.label | quoted }} at screen 0.012, screen {{ "%.4f" | format((chart.bottom + below + 14) / chart.height) }} left textcolor rgb '#222222'
    set bmargin at screen {{ "%.4f" | format(chart.bottom / chart.height) }}
    set tmargin at screen {{ "%.4f" | format((chart.bottom + below) / chart.height) }}
    set format x '%g'
{{- panel(latency.y, "%g") }}
    plot \
{%- for s in styles %}
        data index {{ styles | length + loop.index0 }} using 1:2 with linespoints ls {{ loop.index }} pi 4 lw 0.8 ps 0.6 notitle{{ ", \\" if not loop.last }}
{%- endfor %}
    unset label 97
    unset logscale y
{{- labels() }}
    set tmargin at screen {{ "%.4f" | format(1 - chart.top / chart.height) }}
    {{ key() }}
{%- endif %}
    unset multiplot
{%- endcall %}
