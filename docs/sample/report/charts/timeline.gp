# SPDX-License-Identifier: MIT
# The run in its order, and the machine's noise
# Draw again, in this folder: gnuplot timeline.gp
# The numbers are in timeline.dat, made from run 20261201T033956Z-a568.
reset
set encoding utf8
set datafile missing 'NaN'
data = 'timeline.dat'
set label 100 'The run in its order, and the machine''s noise' at screen 0.012, screen 0.9725 left font ',14' textcolor rgb '#222222'
set label 99 '% of the cell''s level' at screen 0.012, screen 0.9294 left textcolor rgb '#222222'
set label 98 'trials in their order' at screen 0.5, screen 0.1745 center textcolor rgb '#222222'
set tmargin at screen 0.9020
set bmargin at screen 0.2549
set lmargin at screen 0.1450
set rmargin at screen 0.9650
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid lc rgb '#DDDDDD' lt 1 lw 0.6
set style line 1 lc rgb '#009E73' dt 1 lw 1.8 pt 13 ps 0.9  # process-pool
set style line 2 lc rgb '#0072B2' dt 1 lw 1.8 pt 9 ps 0.9  # thread-per-request
set style line 3 lc rgb '#D55E00' dt 1 lw 1.8 pt 7 ps 0.9  # event-loop
set style line 4 lc rgb '#000000' dt 1 lw 1.8 pt 5 ps 0.9  # serial

# Columns: place in the order, percent; the models, what is invalid, the machine's noise
set xrange [0.5:73.5]
set key at screen 0.5, screen 0.0078 center bottom vertical maxrows 4 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'

do for [format in 'svg png'] {
    if (format eq 'svg') {
        set terminal svg size 400,510 dynamic noenhanced font 'sans-serif,13' background rgb 'white'
    } else {
        set terminal pngcairo size 800,1020 noenhanced fontscale 1.54 linewidth 2 pointscale 2 font 'sans-serif,13' background rgb 'white'
    }
    set output 'timeline.'.format

    set multiplot
    set bmargin at screen 0.4706
    set format x ''
    set yrange [84.94972316632223:115.05027683367777]
    set format y '%g %%'
    set arrow 1 from graph 0, first 100 to graph 1, first 100 nohead lc rgb '#999999' lw 1
    plot \
        data index 0 using 1:2 with points ls 1 ps 0.6 title 'process-pool', \
        data index 1 using 1:2 with points ls 2 ps 0.6 title 'thread-per-request', \
        data index 2 using 1:2 with points ls 3 ps 0.6 title 'event-loop', \
        data index 3 using 1:2 with points ls 4 ps 0.6 title 'serial', \
        data index 4 using 1:2 with points lc rgb '#AA0000' pt 2 ps 0.9 lw 1.6 title 'invalid', \
        NaN with impulses lc rgb '#D55E00' lw 2 title 'other processes', \
        NaN with impulses lc rgb '#0072B2' lw 2 title 'the hypervisor', \
        NaN notitle
    unset label
    unset arrow
    unset key
    set label 97 '% of the CPUs taken by others' at screen 0.012, screen 0.4275 left textcolor rgb '#222222'
    set bmargin at screen 0.2549
    set tmargin at screen 0.4000
    set format x '%g'
    set yrange [0:49.72650665504]
    set ytics autofreq 24.9
    set format y '%.0f %%'
    set arrow 2 from graph 0, first 5.0 to graph 1, first 5.0 nohead lc rgb '#AA0000' dt 4 lw 1.4
    plot \
        data index 5 using 1:2 with impulses lc rgb '#D55E00' lw 2 notitle, \
        data index 6 using 1:2 with impulses lc rgb '#0072B2' lw 1 notitle, \
        NaN notitle
    unset label 97
    unset arrow
set label 100 'The run in its order, and the machine''s noise' at screen 0.012, screen 0.9725 left font ',14' textcolor rgb '#222222'
set label 99 '% of the cell''s level' at screen 0.012, screen 0.9294 left textcolor rgb '#222222'
set label 98 'trials in their order' at screen 0.5, screen 0.1745 center textcolor rgb '#222222'
    set tmargin at screen 0.9020
    set key at screen 0.5, screen 0.0078 center bottom vertical maxrows 4 Left reverse samplen 1.2 width -3 textcolor rgb '#222222'
    set ytics autofreq
    unset multiplot
    unset output
}

