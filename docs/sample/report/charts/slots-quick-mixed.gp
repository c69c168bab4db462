# SPDX-License-Identifier: MIT
# Requests and the workers that hold them: mixed, 32 connections
# Draw again, in this folder: gnuplot slots-quick-mixed.gp
# The numbers are in slots-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'slots-quick-mixed.dat'
set label 100 'Requests and the workers that hold them: mixed, 32' at screen 0.012, screen 0.9449 left font ',14' textcolor rgb '#222222'
set label 101 'connections' at screen 0.012, screen 0.8740 left font ',14' textcolor rgb '#222222'
set tmargin at screen 0.8031
set bmargin at screen 0.2047
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: row, place, colour
set yrange [4.5:0.5]
unset ytics
set grid noytics
set label 'serial: 0.979 of 1 busy, full; 31.0 wait' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'thread-per-request: 12.3 served at once, no limit' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'event-loop: 15.5 served at once, no limit' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'process-pool: 10.0 of 16 busy' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'

set xrange [-0.7:24.7]
unset xtics
unset grid
unset border
set key at screen 0.5, screen 0.0157 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,254 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,508 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'slots-quick-mixed.'.format

    plot \
        data index 1 using 2:($1+0.2105):3 with points pt 4 ps 1.5 lw 1.6 lc rgb variable notitle, \
        data index 0 using 2:($1+0.2105) with points pt 7 ps 0.75 lc rgb '#0072B2' notitle, \
        data index 2 using 2:($1+0.2105) with points pt 6 ps 0.75 lw 1.2 lc rgb '#777777' notitle, \
        NaN with points pt 7 ps 0.75 lc rgb '#0072B2' title 'being served', \
        NaN with points pt 4 ps 1.3 lw 1.6 lc rgb '#009E73' title 'a worker', \
        NaN with points pt 6 ps 0.75 lw 1.2 lc rgb '#777777' title 'waits for a worker'
    unset output
}

