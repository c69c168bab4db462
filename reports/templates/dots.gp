{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, value, 95 % interval from, to, the law's bound, the bare ceiling
{{ rows(labels) }}
{%- if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% else %}set format x {{ xformat | quoted }}
{% endif -%}
{{ key() }}
{% if limit -%}
set arrow from first {{ limit.at }}, graph 0 to first {{ limit.at }}, graph 1 nohead lc rgb '#AA0000' dt 4 lw 1.4
{% endif -%}
{% call formats() %}
    plot \
{%- if bounds %}
        data using 5:($1+{{ "%.4f" | format(chart.sunk - 9 / chart.row) }}):(0):({{ "%.4f" | format(18 / chart.row) }}) with vectors nohead lc rgb '#555555' dt 1 lw 1.2 title {{ bounds | quoted }}, \
{%- endif %}
{%- if ceiling %}
        data using 6:($1+{{ "%.4f" | format(chart.sunk - 9 / chart.row) }}):(0):({{ "%.4f" | format(18 / chart.row) }}) with vectors nohead lc rgb '#000000' dt 1 lw 2.2 title {{ ceiling | quoted }}, \
{%- endif %}
{%- for s in styles %}
        data index {{ loop.index0 }} using 2:{{ y() }}:3:4 with xerrorbars ls {{ loop.index }} dt 1 notitle, \
        data index {{ loop.index0 }} using 2:{{ y() }} with points ls {{ loop.index }} notitle, \
{%- if second %}
        data index {{ loop.index0 }} using 5:{{ y() }} with points lc rgb '{{ s.style.colour }}' pt {{ s.style.hollow }} ps 1.1 lw 1.5 notitle, \
{%- endif %}
{%- endfor %}
{%- if second %}
        NaN with points lc rgb '#555555' pt 6 lw 1.5 title {{ second | quoted }}, \
{%- endif %}
{%- if limit %}
        NaN with lines lc rgb '#AA0000' dt 4 lw 1.4 title {{ limit.text | quoted }}, \
{%- endif %}
        NaN with points lc rgb '#555555' pt 7 title {{ dots | quoted }}
{%- endcall %}
