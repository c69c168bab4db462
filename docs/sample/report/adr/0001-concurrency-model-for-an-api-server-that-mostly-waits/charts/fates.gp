# SPDX-License-Identifier: MIT
# Latency at the peak, and the limit
# Draw again, in this folder: gnuplot fates.gp
# The numbers are in fates.dat, made from decision.json.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'fates.dat'
set label 100 'Latency at the peak, and the limit' at screen 0.012, screen 0.9421 left font ',14' textcolor rgb '#222222'
set label 98 'p99, ms (logarithmic)' at screen 0.5, screen 0.0702 center textcolor rgb '#222222'
set tmargin at screen 0.8678
set bmargin at screen 0.2397
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: row, latency in ms, band from, to, colour
set yrange [4.5:0.5]
unset ytics
set grid noytics
set label 'event-loop: fits' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'thread-per-request: fits' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'process-pool, 100: fits' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'serial: fails' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'

set logscale x 10
set xrange [37.77361060728794:6845.4206271660005]
unset key
set arrow from first 100.0, graph 0 to first 100.0, graph 1 nohead lc rgb '#AA0000' lw 1.4 dt 4

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,242 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,484 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'fates.'.format

    plot data index 0 using 2:($1+0.2105):3:4:5 with xerrorbars lc rgb variable pt 7 ps 0.9 lw 1.6 notitle
    unset output
}

