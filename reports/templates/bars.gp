{#- SPDX-License-Identifier: MIT -#}
{%- from "drawn.gp" import formats with context -%}
{% include "frame.gp" %}
# Columns: row, from, to (one block per part), then: row, total, 95 % interval from, to, text{{ '; then: row, mark' if marks }}
set lmargin at screen {{ left }}
set rmargin at screen 0.90
set yrange [{{ styles | length + 0.6 }}:0.4]
set ytics ({% for s in styles %}{{ s.model | quoted }} {{ loop.index }}{{ ", " if not loop.last }}{% endfor %}) scale 0
set grid noytics
set xlabel {{ xlabel | quoted }}
set xrange [0:{{ x.hi }}]
set style fill solid 0.85 noborder
{% if marks %}set bmargin 7.5
set key at screen 0.5, screen 0.01 center bottom vertical maxrows 2 samplen 1.5 textcolor rgb '#222222'
{% else %}set bmargin {{ 4 + (parts | length + 2) // 2 }}
set key at screen 0.55, screen 0.02 center bottom horizontal maxcols 4 width 1 samplen 1.5 textcolor rgb '#222222'
{% endif -%}
{% for row, words in notes -%}
set label {{ words | quoted }} at graph 0.01, first {{ row }} textcolor rgb '#777777'
{% endfor -%}
{% call formats() %}
    plot \
{%- for words, colour in parts %}
        data index {{ loop.index0 }} using 2:1:2:3:($1-0.3):($1+0.3) with boxxyerror lc rgb '{{ colour }}' title {{ words | quoted }}, \
{%- endfor %}
        data index {{ parts | length }} using 2:1:3:4 with xerrorbars lc rgb '#000000' pt 1 ps 0.5 lw 1.4 title {{ total | quoted }}, \
        data index {{ parts | length }} using ($4 < {{ x.hi }} ? $4 : {{ x.hi }}):1:5 with labels left offset 0.8,0 font ',10' textcolor rgb '#222222' notitle
{%- if marks %}, \
        data index {{ parts | length + 1 }} using 2:1 with points lc rgb '#000000' pt 4 ps 1.0 lw 1.4 title {{ marks | quoted }}
{%- endif %}
{%- endcall %}
