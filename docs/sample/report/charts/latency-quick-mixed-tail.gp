# SPDX-License-Identifier: MIT
# Latency, service time (closed loop): mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot latency-quick-mixed-tail.gp
# The numbers are in latency-quick-mixed-tail.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'latency-quick-mixed-tail.dat'
set label 100 'Latency, service time (closed loop):' at screen 0.012, screen 0.9643 left font ',14' textcolor rgb '#222222'
set label 101 'mixed?delay=10ms&steps=330k, 32 connections' at screen 0.012, screen 0.9184 left font ',14' textcolor rgb '#222222'
set label 99 'latency, ms' at screen 0.012, screen 0.8622 left textcolor rgb '#222222'
set label 98 'percentile' at screen 0.5, screen 0.1352 center textcolor rgb '#222222'
set tmargin at screen 0.8265
set bmargin at screen 0.2398
set lmargin at screen 0.1300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: x, value, 95 % interval from, to
set logscale x 10
set xrange [10.0:56.22941176470589]
set xtics ('0 %%' 1, '50 %%' 2, '90 %%' 10)
set yrange [0:58.748107649999994]
set format y '%g'
set key at screen 0.5, screen 0.0102 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,392 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,784 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'latency-quick-mixed-tail.'.format

    plot \
        data index 0 using 1:2 with linespoints ls 1 pi 12 title 'serial', \
        data index 1 using 1:2 with linespoints ls 2 pi 12 title 'thread-per-request', \
        data index 2 using 1:2 with linespoints ls 3 pi 12 title 'event-loop', \
        data index 3 using 1:2 with linespoints ls 4 pi 12 title 'process-pool'
    unset output
}

