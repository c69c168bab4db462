{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats, key with context -%}
{% include "frame.gp" %}
# Columns: x, y{{ ", band of x from, to" if bars }}; one block per kind of mark
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if xtics %}set xtics ({{ xtics }})
{% endif %}{% if y.log %}set logscale y 10
{% endif %}set yrange [{{ y.lo }}:{{ y.hi }}]
{% if ytics %}set ytics ({{ ytics }})
{% endif %}set samples 2
{{ key() }}
{% call formats() %}
    plot \
{%- for line in lines %}
        {{ line.at }} with lines lc rgb '{{ line.colour }}' dt {{ line.dash }} lw 1.2 {% if line.title %}title {{ line.title | quoted }}{% else %}notitle{% endif %}, \
{%- endfor %}
{%- if bars %}
{%- for m in marks %}
        data index {{ loop.index0 }} using 1:2:3:4 with xerrorbars lc rgb '{{ m.colour }}' pt 0 lw 0.7 notitle, \
{%- endfor %}
{%- endif %}
{%- for m in marks %}
        data index {{ loop.index0 }} using 1:2 with points lc rgb '{{ m.colour }}' pt {{ m.marker }} ps 0.65 lw 1.2 title {{ m.title | quoted }}{{ ", \\" if not loop.last }}
{%- endfor %}
{%- endcall %}
