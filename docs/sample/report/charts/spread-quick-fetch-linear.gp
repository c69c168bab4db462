# SPDX-License-Identifier: MIT
# Distribution of latency, service time (closed loop): fetch?delay=50ms&calls=1, 100 connections
# Draw again, in this folder: gnuplot spread-quick-fetch-linear.gp
# The numbers are in spread-quick-fetch-linear.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'spread-quick-fetch-linear.dat'
set label 100 'Distribution of latency, service time (closed' at screen 0.012, screen 0.9504 left font ',14' textcolor rgb '#222222'
set label 101 'loop): fetch?delay=50ms&calls=1, 100 connections' at screen 0.012, screen 0.8865 left font ',14' textcolor rgb '#222222'
set label 98 'latency, ms' at screen 0.5, screen 0.1241 center textcolor rgb '#222222'
set tmargin at screen 0.8227
set bmargin at screen 0.2695
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 2 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 3 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: row, latency in ms, height from 0 to 1 (one block per model); then: row, p50; row, p99
set yrange [3.5:0.5]
unset ytics
set grid noytics
set label 'thread-per-request: p50 50.6 ms, p99 52.3 ms' at screen 0.0250, first 0.6731 left front textcolor rgb '#222222'
set label 'event-loop: p50 50.4 ms, p99 51.0 ms' at screen 0.0250, first 1.6731 left front textcolor rgb '#222222'
set label 'process-pool: p50 307 ms, p99 –' at screen 0.0250, first 2.6731 left front textcolor rgb '#222222'

set xrange [0:386.38608784128877]
set key at screen 0.5, screen 0.0142 center bottom vertical maxrows 1 Left reverse samplen 1.2 width 2 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,282 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,564 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'spread-quick-fetch-linear.'.format

    plot \
        data index 0 using 2:($1+0.4423):($1+0.4423-$3*0.5000) with filledcurves fs transparent solid 0.35 noborder lc rgb '#0072B2' notitle, \
        data index 0 using 2:($1+0.4423-$3*0.5000) with lines lc rgb '#0072B2' dt 1 lw 1.2 notitle, \
        data index 1 using 2:($1+0.4423):($1+0.4423-$3*0.5000) with filledcurves fs transparent solid 0.35 noborder lc rgb '#D55E00' notitle, \
        data index 1 using 2:($1+0.4423-$3*0.5000) with lines lc rgb '#D55E00' dt 1 lw 1.2 notitle, \
        data index 2 using 2:($1+0.4423):($1+0.4423-$3*0.5000) with filledcurves fs transparent solid 0.35 noborder lc rgb '#009E73' notitle, \
        data index 2 using 2:($1+0.4423-$3*0.5000) with lines lc rgb '#009E73' dt 1 lw 1.2 notitle, \
        data index 3 using 2:($1+0.4423) with points pt 7 ps 0.8 lc rgb '#222222' title 'p50', \
        data index 4 using 2:($1+0.4423) with points pt 9 ps 0.8 lc rgb '#222222' title 'p99'
    unset output
}

