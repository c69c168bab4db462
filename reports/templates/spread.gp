{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, latency in ms, height from 0 to 1 (one block per model); then: row, p50; row, p99
{{ rows(labels) }}
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% endif %}{{ key() }}
{%- set foot = "%.4f" | format(0.5 - 3 / chart.row) %}
{% call formats() %}
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 2:($1+{{ foot }}):($1+{{ foot }}-$3*{{ "%.4f" | format(hill / chart.row) }}) with filledcurves fs transparent solid 0.35 noborder lc rgb '{{ s.style.colour }}' notitle, \
        data index {{ loop.index0 }} using 2:($1+{{ foot }}-$3*{{ "%.4f" | format(hill / chart.row) }}) with lines lc rgb '{{ s.style.colour }}' dt 1 lw 1.2 notitle, \
{%- endfor %}
{%- for title, marker, known in marks %}
        {{ "data index %d using 2:($1+%s)" | format(styles | length + loop.index0, foot) if known else "NaN" }} with points pt {{ marker }} ps 0.8 lc rgb '#222222' title {{ title | quoted }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
