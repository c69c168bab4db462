# SPDX-License-Identifier: MIT
# Block by block: mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot blocks-quick-mixed.gp
# The numbers are in blocks-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'blocks-quick-mixed.dat'
set label 100 'Block by block: mixed?delay=10ms&steps=330k, 32' at screen 0.012, screen 0.9643 left font ',14' textcolor rgb '#222222'
set label 101 'connections' at screen 0.012, screen 0.9184 left font ',14' textcolor rgb '#222222'
set label 99 '% of the model''s level' at screen 0.012, screen 0.8622 left textcolor rgb '#222222'
set label 98 'block, in the order of the run' at screen 0.5, screen 0.1352 center textcolor rgb '#222222'
set tmargin at screen 0.8265
set bmargin at screen 0.2398
set lmargin at screen 0.1450
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: block (shifted per model), percent of the model's own level, valid (1 or 0), value, block
set xrange [0.5:6.5]
set xtics 1,1,6
set yrange [82.58069810916925:117.41930189083075]
set format y '%g %%'
set key at screen 0.5, screen 0.0102 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'
set arrow from graph 0, first 100 to graph 1, first 100 nohead lc rgb '#999999' lw 1

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,392 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,784 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'blocks-quick-mixed.'.format

    plot \
        data index 0 using 1:($3 == 1 ? $2 : NaN) with points ls 1 title 'serial', \
        data index 0 using 1:($3 == 0 ? $2 : NaN) with points lc rgb '#000000' pt 4 ps 1.2 lw 1.5 notitle, \
        data index 1 using 1:($3 == 1 ? $2 : NaN) with points ls 2 title 'thread-per-request', \
        data index 1 using 1:($3 == 0 ? $2 : NaN) with points lc rgb '#0072B2' pt 8 ps 1.2 lw 1.5 notitle, \
        data index 2 using 1:($3 == 1 ? $2 : NaN) with points ls 3 title 'event-loop', \
        data index 2 using 1:($3 == 0 ? $2 : NaN) with points lc rgb '#D55E00' pt 6 ps 1.2 lw 1.5 notitle, \
        data index 3 using 1:($3 == 1 ? $2 : NaN) with points ls 4 title 'process-pool', \
        data index 3 using 1:($3 == 0 ? $2 : NaN) with points lc rgb '#009E73' pt 12 ps 1.2 lw 1.5 notitle
    unset output
}

