# SPDX-License-Identifier: MIT
# Throughput, ratios: quick
# Draw again, in this folder: gnuplot forest-throughput-quick-ratios.gp
# The numbers are in forest-throughput-quick-ratios.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'forest-throughput-quick-ratios.dat'
set label 100 'Throughput, ratios: quick' at screen 0.012, screen 0.9676 left font ',14' textcolor rgb '#222222'
set label 98 'throughput, ratio to event-loop (logarithmic)' at screen 0.5, screen 0.0394 center textcolor rgb '#222222'
set tmargin at screen 0.9259
set bmargin at screen 0.1343
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: row, ratio, 95 % interval from, to, colour (decided, then undecided); then: row, margin to, from
set yrange [9.5:0.5]
unset ytics
set grid noytics
set label 'fetch: serial: worse, factor 99.3' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'fetch: thread-per-request: no meaningful difference' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'fetch: process-pool: worse, factor 6.36' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'spin: serial: no meaningful difference' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'
set label 'spin: thread-per-request: better, factor 1.90' at screen 0.0250, first 4.7368 left front textcolor rgb '#222222'
set label 'spin: process-pool: better, factor 1.90' at screen 0.0250, first 5.7368 left front textcolor rgb '#222222'
set label 'mixed: serial: worse, factor 15.9' at screen 0.0250, first 6.7368 left front textcolor rgb '#222222'
set label 'mixed: thread-per-request: worse, factor 1.26' at screen 0.0250, first 7.7368 left front textcolor rgb '#222222'
set label 'mixed: process-pool: worse, factor 1.56' at screen 0.0250, first 8.7368 left front textcolor rgb '#222222'

set logscale x 10
set xrange [0.007984506386746032:2.4546485687976]
set xtics ('0.01' 0.01, '0.02' 0.02, '0.05' 0.05, '0.1' 0.1, '0.2' 0.2, '0.5' 0.5, '1' 1, '2' 2)
unset key
set style fill solid 1.0 noborder
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#999999' lw 1

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,432 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,864 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'forest-throughput-quick-ratios.'.format

    plot \
        data index 2 using 2:($1+0.2105):3:2:($1+0.0000):($1+0.4211) with boxxyerror lc rgb '#D0D0D0' notitle, \
        data index 0 using 2:($1+0.2105):3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle, \
        data index 1 using 2:($1+0.2105):3:4:5 with xerrorbars lc rgb variable pt 6 ps 1.0 lw 1.6 notitle
    unset output
}

