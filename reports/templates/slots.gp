{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key, rows, y with context -%}
{% include "frame.gp" %}
# Columns: row, place, colour
{{ rows(labels) }}
set xrange [-0.7:{{ across - 0.3 }}]
unset xtics
unset grid
unset border
{{ key() }}
{% call formats() %}
    plot \
        data index 1 using 2:{{ y() }}:3 with points pt 4 ps 1.5 lw 1.6 lc rgb variable notitle, \
        data index 0 using 2:{{ y() }} with points pt 7 ps 0.75 lc rgb '{{ served }}' notitle, \
{%- if outside %}
        data index 2 using 2:{{ y() }} with points pt 6 ps 0.75 lw 1.2 lc rgb '#777777' notitle, \
{%- endif %}
        NaN with points pt 7 ps 0.75 lc rgb '{{ served }}' title 'being served', \
        NaN with points pt 4 ps 1.3 lw 1.6 lc rgb '#009E73' title 'a worker', \
        NaN with points pt 6 ps 0.75 lw 1.2 lc rgb '#777777' title 'waits for a worker'
{%- endcall %}
