{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, labels with context -%}
{% include "frame.gp" %}
# Columns: place in the order, percent; the models, what is invalid, the machine's noise
set xrange [0.5:{{ last + 0.5 }}]
{{ key() }}
{% call formats() %}
    set multiplot
{%- if known %}
    set bmargin at screen {{ "%.4f" | format((chart.bottom + 110) / chart.height) }}
    set format x ''
{%- endif %}
    set yrange [{{ 100 - 1.08 * reach }}:{{ 100 + 1.08 * reach }}]
    set format y '%g %%'
    set arrow 1 from graph 0, first 100 to graph 1, first 100 nohead lc rgb '#999999' lw 1
    plot \
{%- for s in styles %}
        data index {{ loop.index0 }} using 1:2 with points ls {{ loop.index }} ps 0.6 title {{ s.model | quoted }}, \
{%- endfor %}
{%- if bad %}
        data index {{ styles | length }} using 1:2 with points lc rgb '#AA0000' pt 2 ps 0.9 lw 1.6 title 'invalid', \
{%- endif %}
{%- for _, words, colour in known %}
        NaN with impulses lc rgb '{{ colour }}' lw 2 title {{ words | quoted }}, \
{%- endfor %}
        NaN notitle
{%- if known %}
    unset label
    unset arrow
    unset key
    set label 97 '% of the CPUs taken by others' at screen 0.012, screen {{ "%.4f" | format((chart.bottom + 88) / chart.height) }} left textcolor rgb '#222222'
    set bmargin at screen {{ "%.4f" | format(chart.bottom / chart.height) }}
    set tmargin at screen {{ "%.4f" | format((chart.bottom + 74) / chart.height) }}
    set format x '%g'
    set yrange [0:{{ top.hi }}]
    set ytics autofreq {{ "%.3g" | format(top.hi / 2) }}
    set format y '{{ "%.0f %%" if top.hi > 5 else "%.1f %%" }}'
{%- if limit %}
    set arrow 2 from graph 0, first {{ limit }} to graph 1, first {{ limit }} nohead lc rgb '#AA0000' dt 4 lw 1.4
{%- endif %}
    plot \
{%- for _, words, colour in known %}
        data index {{ styles | length + loop.index }} using 1:2 with impulses lc rgb '{{ colour }}' lw {{ 3 - loop.index }} notitle, \
{%- endfor %}
        NaN notitle
    unset label 97
    unset arrow
{{- labels() }}
    set tmargin at screen {{ "%.4f" | format(1 - chart.top / chart.height) }}
    {{ key() }}
    set ytics autofreq
{%- endif %}
    unset multiplot
{%- endcall %}
