{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, from, to; then, one block per kind of mark: row, value
set lmargin at screen {{ left }}
set rmargin at screen 0.95
set yrange [{{ labels | length + 0.6 }}:0.4]
set ytics ({% for text in labels %}{{ text | replace("%", "%%") | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0 font ',11'
set grid noytics
set xlabel {{ xlabel | quoted }}
set xrange [{{ x.lo }}:{{ x.hi }}]
set xtics autofreq font ',11'
set bmargin {{ 4.2 + 1.25 * ((marks | length + (1 if bars else 0) + (1 if line.title else 0) + 1) // 2) }}
set key at screen 0.5, screen 0.015 center bottom horizontal maxcols 2 Left reverse samplen 1.6 width 1 font ',11' textcolor rgb '#222222'
set arrow from first {{ line.at }}, graph 0 to first {{ line.at }}, graph 1 nohead lc rgb '{{ line.colour }}' dt {{ line.dash }} lw 1.2 back
{% call formats() %}
    plot \
{%- if line.title %}
        NaN with lines lc rgb '{{ line.colour }}' dt {{ line.dash }} lw 1.2 title {{ line.title | quoted }}, \
{%- endif %}
        data index 0 using 2:1:($3-$2):(0) with vectors nohead lc rgb '{{ bar_colour }}' lw 3 {% if bars %}title {{ bars | quoted }}{% else %}notitle{% endif %}
{%- for m in marks %}, \
        data index {{ loop.index }} using 2:1 with points lc rgb '{{ m.colour }}' pt {{ m.marker }} ps 0.9 lw 1.4 title {{ m.title | quoted }}
{%- endfor %}
{%- endcall %}
