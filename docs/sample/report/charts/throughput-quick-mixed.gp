# SPDX-License-Identifier: MIT
# Throughput: mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot throughput-quick-mixed.gp
# The numbers are in throughput-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'throughput-quick-mixed.dat'
set label 100 'Throughput: mixed?delay=10ms&steps=330k, 32' at screen 0.012, screen 0.9554 left font ',14' textcolor rgb '#222222'
set label 101 'connections' at screen 0.012, screen 0.8981 left font ',14' textcolor rgb '#222222'
set label 98 'requests per second (logarithmic)' at screen 0.5, screen 0.2261 center textcolor rgb '#222222'
set tmargin at screen 0.8408
set bmargin at screen 0.3567
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: row, value, 95 % interval from, to, the law's bound, the bare ceiling
set yrange [4.5:0.5]
unset ytics
set grid noytics
set label 'serial: 90.8/s' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'thread-per-request: 1,140/s' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'event-loop: 1,450/s' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'process-pool: 927/s' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'
set logscale x 10
set xrange [62.60762912652778:2343.6733009175996]
set xtics ('100' 100, '200' 200, '500' 500, '1k' 1000, '2k' 2000)
set key at screen 0.5, screen 0.0127 center bottom vertical maxrows 3 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,314 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,628 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'throughput-quick-mixed.'.format

    plot \
        data using 5:($1+-0.0263):(0):(0.4737) with vectors nohead lc rgb '#555555' dt 1 lw 1.2 title 'the law''s bound', \
        data using 6:($1+-0.0263):(0):(0.4737) with vectors nohead lc rgb '#000000' dt 1 lw 2.2 title 'bare processes', \
        data index 0 using 2:($1+0.2105):3:4 with xerrorbars ls 1 dt 1 notitle, \
        data index 0 using 2:($1+0.2105) with points ls 1 notitle, \
        data index 1 using 2:($1+0.2105):3:4 with xerrorbars ls 2 dt 1 notitle, \
        data index 1 using 2:($1+0.2105) with points ls 2 notitle, \
        data index 2 using 2:($1+0.2105):3:4 with xerrorbars ls 3 dt 1 notitle, \
        data index 2 using 2:($1+0.2105) with points ls 3 notitle, \
        data index 3 using 2:($1+0.2105):3:4 with xerrorbars ls 4 dt 1 notitle, \
        data index 3 using 2:($1+0.2105) with points ls 4 notitle, \
        NaN with points lc rgb '#555555' pt 7 title 'geometric mean, 95 % interval'
    unset output
}

