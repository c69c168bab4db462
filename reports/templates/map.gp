{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: place on the axis of CPU times, on that of waits, colour or size; blocks: wins alone, within 5 %, none, validated, the service
unset grid
set xrange [-0.5:{{ columns - 0.5 }}]
set yrange [-0.5:{{ rows - 0.5 }}]
set xtics ({% for text, at in xtics %}{{ text | quoted }} {{ at }}{{ ", " if not loop.last }}{% endfor %})
set ytics ({% for text, at in ytics %}{{ text | quoted }} {{ at }}{{ ", " if not loop.last }}{% endfor %})
{{ key() }}
{% call formats() %}
    plot \
{%- if alone %}
        data index 0 using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc rgb variable notitle, \
{%- endif %}
{%- if near %}
        data index 1 using 1:2:(0.5):(0.5):3 with boxxyerror fs transparent solid 0.3 noborder lc rgb variable notitle, \
        data index 1 using 1:2:(0.5):(0.5):3 with boxxyerror fs transparent pattern 4 noborder lc rgb variable notitle, \
{%- endif %}
{%- if lost %}
        data index 2 using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc rgb variable notitle, \
{%- endif %}
{%- for name, colour in keys %}
        keyentry with boxes fs solid 1 noborder lc rgb '{{ colour }}' title {{ name | quoted }}, \
{%- endfor %}
{%- if near %}
        keyentry with boxes fs pattern 4 noborder lc rgb '#444444' title 'another is within 5 %', \
{%- endif %}
{%- if dots %}
        data index 3 using 1:2:3 with points pt 7 ps variable lc rgb '#FFFFFF' notitle, \
        data index 3 using 1:2:3 with points pt 6 ps variable lc rgb '#111111' lw 1.3 title 'validated', \
{%- endif %}
{%- if cross %}
        data index 4 using 1:2 with points pt 2 ps 2.2 lc rgb '#FFFFFF' lw 5 notitle, \
        data index 4 using 1:2 with points pt 2 ps 2 lc rgb '#111111' lw 2.2 title 'the service', \
{%- endif %}
        NaN notitle
{%- endcall %}
