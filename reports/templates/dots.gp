{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, value, 95 % interval from, to, the law's bound, the bare ceiling, text
set lmargin at screen {{ left }}
set rmargin at screen 0.94
set yrange [{{ styles | length + 0.6 }}:0.4]
set ytics ({% for s in styles %}{{ s.model | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel {{ xlabel | quoted }}
{% if x.log %}set logscale x 10
{% endif %}set xrange [{{ x.lo }}:{{ x.hi }}]
{% if x.tics %}set xtics ({{ x.tics }})
{% else %}set format x {{ xformat | quoted }}
{% endif %}
set bmargin {{ 5 + ([bounds, ceiling, second] | select | list | length) }}
set key at screen 0.55, screen 0.02 center bottom vertical maxcols 1 samplen 2 spacing 1.1 textcolor rgb '#222222'
{% for row, words, at in notes -%}
set label {{ words | quoted }} at graph {{ "%.4f" | format(at) }}, first {{ row }} textcolor rgb '#777777'
{% endfor -%}
{% if limit -%}
set arrow from first {{ limit.at }}, graph 0 to first {{ limit.at }}, graph 1 nohead lc rgb '#AA0000' dt 4 lw 1.4
set label {{ limit.text | quoted }} at first {{ limit.at }}, graph 1 offset 0.5,0.5 textcolor rgb '#AA0000' font ',10'
{% endif -%}
{% call formats() %}
    plot \
{%- if bounds %}
        data using 5:($1-0.34):(0):(0.68) with vectors nohead lc rgb '#555555' dt 1 lw 1.2 title {{ bounds | quoted }}, \
{%- endif %}
{%- if ceiling %}
        data using 6:($1-0.34):(0):(0.68) with vectors nohead lc rgb '#000000' dt 1 lw 2.2 title {{ ceiling | quoted }}, \
{%- endif %}
{%- for s in styles %}
        data index {{ loop.index0 }} using 2:1:3:4 with xerrorbars ls {{ loop.index }} dt 1 notitle, \
        data index {{ loop.index0 }} using 2:1 with points ls {{ loop.index }} notitle, \
        data index {{ loop.index0 }} using 2:1:7 with labels offset 0,1.05 font ',10' textcolor rgb '#222222' notitle, \
{%- if second %}
        data index {{ loop.index0 }} using 5:1 with points lc rgb '{{ s.style.colour }}' pt {{ s.style.hollow }} ps 1.1 lw 1.5 notitle, \
{%- endif %}
{%- endfor %}
{%- if second %}
        NaN with points lc rgb '#555555' pt 6 lw 1.5 title {{ second | quoted }}, \
{%- endif %}
        NaN with points lc rgb '#555555' pt 7 title {{ dots | quoted }}
{%- endcall %}
