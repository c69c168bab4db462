# SPDX-License-Identifier: MIT
# p99 latency, ratios: quick
# Draw again, in this folder: gnuplot forest-latency-quick-ratios.gp
# The numbers are in forest-latency-quick-ratios.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'forest-latency-quick-ratios.dat'
set label 100 'p99 latency, ratios: quick' at screen 0.012, screen 0.9247 left font ',14' textcolor rgb '#222222'
set label 98 'p99 latency, ratio to event-loop (logarithmic)' at screen 0.5, screen 0.0914 center textcolor rgb '#222222'
set tmargin at screen 0.8280
set bmargin at screen 0.3118
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: row, ratio, 95 % interval from, to, colour (decided, then undecided); then: row, margin to, from
set yrange [1.5:0.5]
unset ytics
set grid noytics
set label 'fetch: thread-per-request: no meaningful difference' at screen 0.0250, first 0.5938 left front textcolor rgb '#222222'

set logscale x 10
set xrange [0.7215007215007214:1.3860000000000003]
set xtics (0.8, 0.9, 1, 1.1, 1.2, 1.3)
unset key
set style fill solid 1.0 noborder
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#999999' lw 1

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,186 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,372 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'forest-latency-quick-ratios.'.format

    plot \
        data index 2 using 2:($1+-0.2188):3:2:($1+-0.3021):($1+-0.1354) with boxxyerror lc rgb '#D0D0D0' notitle, \
        data index 0 using 2:($1+-0.2188):3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle, \
        data index 1 using 2:($1+-0.2188):3:4:5 with xerrorbars lc rgb variable pt 6 ps 1.0 lw 1.6 notitle
    unset output
}

