# SPDX-License-Identifier: MIT
# Latency, service time (closed loop): fetch?delay=50ms&calls=1, 100 connections
# Draw again, in this folder: gnuplot latency-quick-fetch-linear.gp
# The numbers are in latency-quick-fetch-linear.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'latency-quick-fetch-linear.dat'
set label 100 'Latency, service time (closed loop):' at screen 0.012, screen 0.9673 left font ',14' textcolor rgb '#222222'
set label 101 'fetch?delay=50ms&calls=1, 100 connections' at screen 0.012, screen 0.9252 left font ',14' textcolor rgb '#222222'
set label 99 'latency, ms' at screen 0.012, screen 0.8738 left textcolor rgb '#222222'
set label 98 'percentile' at screen 0.5, screen 0.2079 center textcolor rgb '#222222'
set tmargin at screen 0.8411
set bmargin at screen 0.3037
set lmargin at screen 0.1300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 2 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 3 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: x, value, 95 % interval from, to
set logscale x 10
set xrange [1:119.68]
set xtics ('0 %%' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100)
set yrange [0:391.90527884999995]
set format y '%g'
set key at screen 0.5, screen 0.0093 center bottom vertical maxrows 4 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'
set arrow from graph 0, first 100.0 to graph 1, first 100.0 nohead lc rgb '#AA0000' dt 4 lw 1.4
set label 'the profile''s limit p99<100ms' at graph 0.01, first 100.0 offset 0,0.7 textcolor rgb '#AA0000'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,428 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,856 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'latency-quick-fetch-linear.'.format

    plot \
        data index 3 using 1:2 with lines lc rgb '#999999' lw 0.8 title 'the machine itself, late by', \
        data index 0 using 1:2 with linespoints ls 1 pi 12 title 'thread-per-request', \
        data index 1 using 1:2 with linespoints ls 2 pi 12 title 'event-loop', \
        data index 2 using 1:2 with linespoints ls 3 pi 12 title 'process-pool'
    unset output
}

