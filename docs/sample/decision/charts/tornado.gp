# SPDX-License-Identifier: MIT
# What moves the lead
# Draw again, in this folder: gnuplot tornado.gp
# The numbers are in tornado.dat, made from decision.json.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'tornado.dat'
set label 100 'What moves the lead' at screen 0.012, screen 0.9500 left font ',14' textcolor rgb '#222222'
set tmargin at screen 0.8857
set bmargin at screen 0.2071
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set label 98 'lead over the second option, %' at screen 0.5, screen 0.0607 center textcolor rgb '#222222'

# Columns: row, lead at the low end, at the high end; of inputs, then of constants
set yrange [5.5:0.5]
unset ytics
set grid noytics
set label 'rate: -0.0 % to -0.7 %' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'connections: -0.2 % to -0.9 %' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'wait: -1.0 % to -0.6 %' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'cv-cpu: -0.4 % to -0.7 %' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'
set label 'cpu: -0.1 % to -0.4 %' at screen 0.0250, first 4.7368 left front textcolor rgb '#222222'

set xrange [-1.09299:0.0809621]
unset key
set style fill solid 0.85 noborder
set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#555555' lw 1.2 front

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,280 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,560 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'tornado.'.format

    plot \
        data index 0 using (($2+$3)/2):($1+0.2105):2:3:($1+0.0526):($1+0.3684) with boxxyerror lc rgb '#0072B2' notitle, \
        data index 1 using (($2+$3)/2):($1+0.2105):2:3:($1+0.0526):($1+0.3684) with boxxyerror lc rgb '#E69F00' notitle
    unset output
}

