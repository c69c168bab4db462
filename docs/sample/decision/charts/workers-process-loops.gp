# SPDX-License-Identifier: MIT
# process-loops: 1 worker
# Draw again, in this folder: gnuplot workers-process-loops.gp
# The numbers are in workers-process-loops.dat, made from decision.json.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'workers-process-loops.dat'
set label 100 'process-loops: 1 worker' at screen 0.012, screen 0.9607 left font ',14' textcolor rgb '#222222'
set label 99 'p99, ms; right: memory, MiB' at screen 0.012, screen 0.8989 left textcolor rgb '#222222'
set tmargin at screen 0.8596
set bmargin at screen 0.2135
set lmargin at screen 0.1300
set rmargin at screen 0.8700
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set label 98 'workers (logarithmic)' at screen 0.5, screen 0.0983 center textcolor rgb '#222222'

# Columns: workers, p99 in ms, from, to; workers, memory in MiB
set border 11
set logscale x 10
set xrange [0.8169934640522876:3.6719999999999997]
set xtics ('1' 1, '2' 2)
set yrange [0:122.6883752596]
set y2tics nomirror
set y2range [0:6.957043024692058]
set key at screen 0.5, screen 0.0112 center bottom vertical maxrows 1 Left reverse samplen 1.2 width 2 textcolor rgb '#222222'
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#555555' lw 1 dt 3 back
set label 'W*' at first 1, graph 0.9 right rotate by 90 offset -0.7,0 textcolor rgb '#222222' front
set arrow from first 2, graph 0 to first 2, graph 1 nohead lc rgb '#555555' lw 1 dt 3 back
set label '2W*' at first 2, graph 0.02 left rotate by 90 offset -0.7,0 textcolor rgb '#222222' front
set arrow from first 3, graph 0 to first 3, graph 1 nohead lc rgb '#555555' lw 1 dt 3 back
set label '2c+1' at first 3, graph 0.9 right rotate by 90 offset -0.7,0 textcolor rgb '#222222' front

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,356 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,712 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'workers-process-loops.'.format

    plot \
        data index 0 using 1:2 with linespoints lc rgb '#0072B2' lw 1.8 pt 7 ps 0.7 title 'p99', \
        data index 1 using 1:2 axes x1y2 with linespoints lc rgb '#E69F00' lw 1.8 dt 2 pt 5 ps 0.7 title 'memory'
    unset output
}

