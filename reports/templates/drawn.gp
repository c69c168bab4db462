{#- SPDX-License-Identifier: MIT -#}
{#- What charts share: title and labels of the axes, both formats, the key below the plot, a line of text above each row. -#}
{%- macro formats() %}
do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size {{ chart.width }},{{ chart.height }} dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size {{ 2 * chart.width }},{{ 2 * chart.height }} noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output '{{ chart.name }}.'.format
{{ caller() }}
    unset output
}
{% endmacro -%}
{%- macro key() -%}
{%- if chart.keys -%}
set key at screen 0.5, screen {{ "%.4f" | format(4 / chart.height) }} center bottom vertical maxrows {{ chart.key_rows }} Left reverse samplen 1.2 width {{ -3 if chart.keys | map('length') | max > 8 else 2 }} textcolor rgb '#222222'
{%- else -%}
unset key
{%- endif -%}
{%- endmacro -%}
{%- macro rows(labels) -%}
set yrange [{{ labels | length + 0.5 }}:0.5]
unset ytics
set grid noytics
{% for text in labels -%}
{%- set row = loop.index -%}
{% for line in text.split("\n") -%}
set label {{ line | quoted }} at screen {{ "%.4f" | format(10 / chart.width) }}, first {{ "%.4f" | format(row - 0.5 + (9 + 16 * loop.index0) / chart.row) }} left front textcolor rgb '#222222'
{% endfor -%}
{%- endfor -%}
{%- endmacro -%}
{%- macro y(row="$1") -%}
({{ row }}+{{ "%.4f" | format(chart.sunk) }})
{%- endmacro -%}
{%- macro box(half, row="$1") -%}
({{ row }}+{{ "%.4f" | format(chart.sunk - half / chart.row) }}):({{ row }}+{{ "%.4f" | format(chart.sunk + half / chart.row) }})
{%- endmacro -%}
{%- macro labels() -%}
{%- for line in chart.title_lines %}
set label {{ 100 + loop.index0 }} {{ line | quoted }} at screen 0.012, screen {{ "%.4f" | format(1 - (14 + 18 * loop.index0) / chart.height) }} left font ',14' textcolor rgb '#222222'
{%- endfor %}
{%- if ylabel is defined and ylabel %}
set label 99 {{ ylabel | quoted }} at screen 0.012, screen {{ "%.4f" | format(1 - (18 + 18 * chart.title_lines | length) / chart.height) }} left textcolor rgb '#222222'
{%- endif %}
{%- if xlabel is defined and xlabel %}
set label 98 {{ xlabel | quoted }} at screen 0.5, screen {{ "%.4f" | format((chart.bottom - 41) / chart.height) }} center textcolor rgb '#222222'
{%- endif %}
{%- endmacro -%}
