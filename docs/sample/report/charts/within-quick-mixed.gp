# SPDX-License-Identifier: MIT
# Within the trials, rate and p50: mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot within-quick-mixed.gp
# The numbers are in within-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'within-quick-mixed.dat'
set label 100 'Within the trials, rate and p50:' at screen 0.012, screen 0.9734 left font ',14' textcolor rgb '#222222'
set label 101 'mixed?delay=10ms&steps=330k, 32 connections' at screen 0.012, screen 0.9392 left font ',14' textcolor rgb '#222222'
set label 99 'answers per second (logarithmic)' at screen 0.012, screen 0.8973 left textcolor rgb '#222222'
set label 98 's since the warm-up began' at screen 0.5, screen 0.1008 center textcolor rgb '#222222'
set tmargin at screen 0.8707
set bmargin at screen 0.1787
set lmargin at screen 0.1300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: seconds, answers per second (a block per model); then: seconds, latency in ms (a block per model)
set xrange [0:0.9785000000000001]
set arrow 1 from first 0.2, graph 0 to first 0.2, graph 1 nohead lc rgb '#555555' dt 2 lw 1.2
set key at screen 0.5, screen 0.0076 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,526 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,1052 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'within-quick-mixed.'.format

    set multiplot
    set bmargin at screen 0.5285
    set format x ''
    set logscale y 10
    set yrange [57.971014492753625:2083.7999999999997]
    set ytics ('100' 100, '200' 200, '500' 500, '1k' 1000, '2k' 2000)
    plot \
        data index 0 using 1:2 with linespoints ls 1 pi 7 lw 0.8 ps 0.6 title 'serial', \
        data index 1 using 1:2 with linespoints ls 2 pi 7 lw 0.8 ps 0.6 title 'thread-per-request', \
        data index 2 using 1:2 with linespoints ls 3 pi 7 lw 0.8 ps 0.6 title 'event-loop', \
        data index 3 using 1:2 with linespoints ls 4 pi 7 lw 0.8 ps 0.6 title 'process-pool'
    unset label
    unset key
    unset logscale y
    set label 97 'p50, ms' at screen 0.012, screen 0.4905 left textcolor rgb '#222222'
    set bmargin at screen 0.1787
    set tmargin at screen 0.4639
    set format x '%g'
    set yrange [0:44.72995725]
    set ytics autofreq
    set format y '%g'
    plot \
        data index 4 using 1:2 with linespoints ls 1 pi 4 lw 0.8 ps 0.6 notitle, \
        data index 5 using 1:2 with linespoints ls 2 pi 4 lw 0.8 ps 0.6 notitle, \
        data index 6 using 1:2 with linespoints ls 3 pi 4 lw 0.8 ps 0.6 notitle, \
        data index 7 using 1:2 with linespoints ls 4 pi 4 lw 0.8 ps 0.6 notitle
    unset label 97
    unset logscale y
set label 100 'Within the trials, rate and p50:' at screen 0.012, screen 0.9734 left font ',14' textcolor rgb '#222222'
set label 101 'mixed?delay=10ms&steps=330k, 32 connections' at screen 0.012, screen 0.9392 left font ',14' textcolor rgb '#222222'
set label 99 'answers per second (logarithmic)' at screen 0.012, screen 0.8973 left textcolor rgb '#222222'
set label 98 's since the warm-up began' at screen 0.5, screen 0.1008 center textcolor rgb '#222222'
    set tmargin at screen 0.8707
    set key at screen 0.5, screen 0.0076 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'
    unset multiplot
    unset output
}

