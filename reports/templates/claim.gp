{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, value, 95 % interval from, to, the law's figure
{{ rows(labels) }}
{%- if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% endif %}unset key
{% for limit in limits -%}
set arrow from first {{ limit.at }}, graph 0 to first {{ limit.at }}, graph 1 nohead lc rgb '#AA0000' dt 4 lw 1.2
{% endfor -%}
{% call formats() %}
    plot \
{%- if law %}
        data using 5:($1+{{ "%.4f" | format(chart.sunk - 8 / chart.row) }}):(0):({{ "%.4f" | format(16 / chart.row) }}) with vectors nohead lc rgb '#888888' dt 1 lw 4, \
{%- endif %}
{%- for s in styles %}
        data index {{ loop.index0 }} using 2:{{ y() }}:3:4 with xerrorbars ls {{ loop.index }} dt 1, \
        data index {{ loop.index0 }} using 2:{{ y() }} with points ls {{ loop.index }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
