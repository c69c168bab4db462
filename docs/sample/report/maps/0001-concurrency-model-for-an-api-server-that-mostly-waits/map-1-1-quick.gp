# SPDX-License-Identifier: MIT
# The best model at 100 connections, 1 core
# Draw again, in this folder: gnuplot map-1-1-quick.gp
# The numbers are in map-1-1-quick.dat, made from map.json.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'map-1-1-quick.dat'
set label 100 'The best model at 100 connections, 1 core' at screen 0.012, screen 0.9698 left font ',14' textcolor rgb '#222222'
set label 99 'wait' at screen 0.012, screen 0.9224 left textcolor rgb '#222222'
set label 98 'CPU time of the handler' at screen 0.5, screen 0.1142 center textcolor rgb '#222222'
set tmargin at screen 0.8922
set bmargin at screen 0.2026
set lmargin at screen 0.1550
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: place on the axis of CPU times, on that of waits, colour or size; blocks: wins alone, within 5 %, none, validated, the service
unset grid
set xrange [-0.5:6.5]
set yrange [-0.5:6.5]
set xtics ('10.0 us' 0, '100 us' 2, '1.00 ms' 4, '10.0 ms' 6)
set ytics ('1.00 ms' 0, '3.16 ms' 1, '10.0 ms' 2, '31.6 ms' 3, '100 ms' 4, '316 ms' 5, '1.00 s' 6)
set key at screen 0.5, screen 0.0086 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,464 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,928 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'map-1-1-quick.'.format

    plot \
        data index 0 using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc rgb variable notitle, \
        data index 2 using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc rgb variable notitle, \
        keyentry with boxes fs solid 1 noborder lc rgb '#D55E00' title 'event-loop', \
        keyentry with boxes fs solid 1 noborder lc rgb '#BDBDBD' title 'the limit is missed', \
        data index 4 using 1:2 with points pt 2 ps 2.2 lc rgb '#FFFFFF' lw 5 notitle, \
        data index 4 using 1:2 with points pt 2 ps 2 lc rgb '#111111' lw 2.2 title 'the service', \
        NaN notitle
    unset output
}

