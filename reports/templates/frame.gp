{#- SPDX-License-Identifier: MIT -#}
{#- What every chart begins with. -#}
# SPDX-License-Identifier: MIT
# {{ chart.title | replace("\n", " ") }}
# Draw again, in this folder: gnuplot {{ chart.name }}.gp
# The numbers are in {{ chart.name }}.dat, made from {{ source }}.
reset
set encoding utf8
set datafile missing 'NaN'
data = '{{ chart.name }}.dat'
{%- from "drawn.gp" import labels with context %}
{{- labels() }}
set tmargin at screen {{ "%.4f" | format(1 - chart.top / chart.height) }}
set bmargin at screen {{ "%.4f" | format(chart.bottom / chart.height) }}
set lmargin at screen {{ "%.4f" | format((left if left is defined else 12) / chart.width) }}
set rmargin at screen {{ "%.4f" | format(1 - (right if right is defined else 14) / chart.width) }}
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
{%- for s in styles %}
set style line {{ loop.index }} lc rgb '{{ s.style.colour }}' dt {{ s.style.dash }} lw 1.8 pt {{ s.style.marker }} ps 0.9  # {{ s.model }}
{%- endfor %}
