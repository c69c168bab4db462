{#- SPDX-License-Identifier: MIT -#}
{#- How every chart ends: the same plot to both formats. -#}
{%- macro formats() %}
do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size {{ width }},{{ chart.height }} dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size {{ width }},{{ chart.height }} noenhanced fontscale 0.77 font 'sans-serif,13' background rgb 'white'
    }
    set output '{{ chart.name }}.'.format
{{ caller() }}
    unset output
}
{% endmacro -%}
