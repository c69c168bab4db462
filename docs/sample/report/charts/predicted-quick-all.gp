# SPDX-License-Identifier: MIT
# Predicted and measured throughput
# Draw again, in this folder: gnuplot predicted-quick-all.gp
# The numbers are in predicted-quick-all.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'predicted-quick-all.dat'
set label 100 'Predicted and measured throughput' at screen 0.012, screen 0.9626 left font ',14' textcolor rgb '#222222'
set label 99 'measured' at screen 0.012, screen 0.9037 left textcolor rgb '#222222'
set label 98 'predicted, requests per second (logarithmic)' at screen 0.5, screen 0.1417 center textcolor rgb '#222222'
set tmargin at screen 0.8663
set bmargin at screen 0.2513
set lmargin at screen 0.1300
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool

# Columns: predicted, measured, load point; one block per model
set logscale xy 10
set xrange [14.492753623188406:2760.0]
set yrange [14.492753623188406:2760.0]
set xtics ('20' 20, '50' 50, '100' 100, '200' 200, '500' 500, '1k' 1000, '2k' 2000)
set ytics ('20' 20, '50' 50, '100' 100, '200' 200, '500' 500, '1k' 1000, '2k' 2000)
set key at screen 0.5, screen 0.0107 center bottom vertical maxrows 2 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,374 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,748 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'predicted-quick-all.'.format

    plot \
        x with lines lc rgb '#444444' dt 1 lw 1.2 notitle, \
        x*(1+0.2) with lines lc rgb '#888888' dt 2 lw 1 notitle, \
        x*(1-0.2) with lines lc rgb '#888888' dt 2 lw 1 notitle, \
        data index 0 using 1:2 with points ls 1 title 'serial', \
        data index 1 using 1:2 with points ls 2 title 'thread-per-request', \
        data index 2 using 1:2 with points ls 3 title 'event-loop', \
        data index 3 using 1:2 with points ls 4 title 'process-pool'
    unset output
}

