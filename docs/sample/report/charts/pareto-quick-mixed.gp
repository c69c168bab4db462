# SPDX-License-Identifier: MIT
# Throughput and what it costs: mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot pareto-quick-mixed.gp
# The numbers are in pareto-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'pareto-quick-mixed.dat'
set label 100 'Throughput and what it costs:' at screen 0.012, screen 0.9643 left font ',14' textcolor rgb '#222222'
set label 101 'mixed?delay=10ms&steps=330k, 32 connections' at screen 0.012, screen 0.9184 left font ',14' textcolor rgb '#222222'
set label 99 'throughput, /s (logarithmic)' at screen 0.012, screen 0.8622 left textcolor rgb '#222222'
set label 98 'CPU per request, us' at screen 0.5, screen 0.1352 center textcolor rgb '#222222'
set tmargin at screen 0.8265
set bmargin at screen 0.2398
set lmargin at screen 0.1400
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: cost, speed, 95 % interval of the cost from, to, of the speed from, to
set xrange [0:1000.2234215465498]
set logscale y 10
set yrange [65.32969995811595:2094.7227080591997]
set ytics ('100' 100, '200' 200, '500' 500, '1k' 1000, '2k' 2000)
set key at screen 0.5, screen 0.0102 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,392 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,784 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'pareto-quick-mixed.'.format

    plot \
        data index 0 using 1:2:3:4:5:6 with xyerrorbars ls 1 dt 1 notitle, \
        data index 0 using 1:2 with points ls 1 ps 1.3 title 'serial', \
        data index 1 using 1:2:3:4:5:6 with xyerrorbars ls 2 dt 1 notitle, \
        data index 1 using 1:2 with points ls 2 ps 1.3 title 'thread-per-request', \
        data index 2 using 1:2:3:4:5:6 with xyerrorbars ls 3 dt 1 notitle, \
        data index 2 using 1:2 with points ls 3 ps 1.3 title 'event-loop', \
        data index 3 using 1:2:3:4:5:6 with xyerrorbars ls 4 dt 1 lc rgb '#AAAAAA' notitle, \
        data index 3 using 1:2 with points ls 4 ps 1.3 lc rgb '#AAAAAA' title 'process-pool (beaten)'
    unset output
}

