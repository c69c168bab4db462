# SPDX-License-Identifier: MIT
# Memory by kind: mixed?delay=10ms&steps=330k, 32 connections
# Draw again, in this folder: gnuplot memory-parts-quick-mixed.gp
# The numbers are in memory-parts-quick-mixed.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'memory-parts-quick-mixed.dat'
set label 100 'Memory by kind: mixed?delay=10ms&steps=330k, 32' at screen 0.012, screen 0.9578 left font ',14' textcolor rgb '#222222'
set label 101 'connections' at screen 0.012, screen 0.9036 left font ',14' textcolor rgb '#222222'
set label 98 'memory, MiB' at screen 0.5, screen 0.2681 center textcolor rgb '#222222'
set tmargin at screen 0.8494
set bmargin at screen 0.3916
set lmargin at screen 0.0300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6

# Columns: row, from, to (one block per part), then: row, total, 95 % interval from, to
set yrange [4.5:0.5]
unset ytics
set grid noytics
set label 'serial: 934 KiB' at screen 0.0250, first 0.7368 left front textcolor rgb '#222222'
set label 'thread-per-request: 2.06 MiB' at screen 0.0250, first 1.7368 left front textcolor rgb '#222222'
set label 'event-loop: 1.40 MiB' at screen 0.0250, first 2.7368 left front textcolor rgb '#222222'
set label 'process-pool: 3.44 MiB' at screen 0.0250, first 3.7368 left front textcolor rgb '#222222'

set xrange [0:3.969340558929444]
set style fill solid 0.85 noborder
set key at screen 0.5, screen 0.0120 center bottom vertical maxrows 4 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,332 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,664 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'memory-parts-quick-mixed.'.format

    plot \
        data index 0 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#0072B2' title 'user pages', \
        data index 1 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#D55E00' title 'kernel stacks', \
        data index 2 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#E69F00' title 'page tables', \
        data index 3 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#009E73' title 'slab', \
        data index 4 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#CC79A7' title 'sockets', \
        data index 5 using 2:($1+0.2105):2:3:($1+0.0263):($1+0.3947) with boxxyerror lc rgb '#BBBBBB' title 'rest', \
        data index 6 using 2:($1+0.2105):3:4 with xerrorbars lc rgb '#000000' pt 1 ps 0.5 lw 1.4 title 'total, 95 % interval'
    unset output
}

