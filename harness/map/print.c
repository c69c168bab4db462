/* SPDX-License-Identifier: MIT
 *
 * The text shows the level that was asked for, a letter for a cell: a line has
 * 13 standard cells, and fits 80 columns.
 */
#include "print.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "harness/screen/table.h"

enum { TEXT = 48 };

static const char *load_text(const struct map *map, double load, char *text)
{
    char figure[TEXT];

    if (map->matter.service->rate_per_s > 0)
        snprintf(text, TEXT, "%s",
                 metric_format("_per_s", load, figure, sizeof figure));
    else
        snprintf(text, TEXT, "%.0f connection%s", load, digits_plural(load));
    return text;
}

/* A model's letter: its place in the list. */
static char letter_of(int model)
{
    return (char)('A' + model % 26);
}

/* A capital leads alone; a small letter has others within 5 %. */
static char cell_letter(const struct map_cell *cell)
{
    static const char none[] = {
        [MAP_MEMORY] = '!',
        [MAP_LIMIT] = '-',
        [MAP_OVERLOAD] = '.',
        [MAP_UNKNOWN] = '?',
    };

    if (cell->best < 0)
        return none[cell->none];
    char letter = letter_of(cell->best);
    return cell->lead <= CHOICE_WITHIN ? (char)tolower(letter) : letter;
}

static void print_row(const struct map *map, int core, int load, int wait,
                      int own_wait, int own_cpu, FILE *file)
{
    char text[TEXT];

    fprintf(file, "%10s ",
            metric_format("_ns", map->wait.of_ns[wait], text, sizeof text));
    for (int cpu = 0; cpu < map->cpu.count; cpu++) {
        bool own = wait == own_wait && cpu == own_cpu;
        fprintf(file, own ? " [%c]" : "  %c ",
                cell_letter(map_cell_at(map, core, load, wait, cpu)));
    }
    fputc('\n', file);
}

/* How often each model wins, and wins alone, on the printed level. */
static void print_legend(const struct map *map, int core, int load)
{
    int all = map->wait.count * map->cpu.count, none = 0;

    puts("");
    for (int m = 0; m < map->matter.model_count; m++) {
        int wins = 0, alone = 0;
        for (int i = 0; i < all; i++) {
            const struct map_cell *cell =
                map_cell_at(map, core, load, 0, 0) + i;
            wins += cell->best == m;
            alone += cell->best == m && !(cell->lead <= CHOICE_WITHIN);
            none += m == 0 && cell->best < 0;
        }
        if (wins > 0)
            printf("%c  %s: the best of %d cells of %d, of %d by more than 5 "
                   "%%\n",
                   letter_of(m), map->matter.models[m]->name, wins, all, alone);
    }
    puts("small letter: another one is within 5 %   [ ] the service");
    if (none > 0)
        puts(".  overload   -  the limit is missed   !  too little memory   "
             "?  not known");
}

void map_print(const struct map *map, const struct advice *advice)
{
    const struct service *p = map->matter.service;
    const struct map_levels *levels = &map->levels;
    double own_load = p->rate_per_s > 0 ? p->rate_per_s : p->connections;
    int load = map_nearest(levels->loads, levels->load_count, own_load);
    int core = 0;
    int own_wait = p->wait_ns > 0 ? map_nearest(map->wait.of_ns,
                                                map->wait.count, p->wait_ns)
                                  : -1;
    int own_cpu = p->cpu_ns > 0
                      ? map_nearest(map->cpu.of_ns, map->cpu.count, p->cpu_ns)
                      : -1;
    char text[TEXT], low[TEXT], high[TEXT];

    while (core + 1 < levels->core_count && levels->cores[core] < p->cores)
        core++;
    printf("the best model by wait (down) and CPU time (across: %s to %s), at "
           "%s",
           metric_format("_ns", map->cpu.of_ns[0], low, sizeof low),
           metric_format("_ns", map->cpu.of_ns[map->cpu.count - 1], high,
                         sizeof high),
           load_text(map, levels->loads[load], text));
    if (map->matter.wishes->peak > 1)
        printf(", peaks of %s times that",
               digits_of(map->matter.wishes->peak, 3).text);
    printf(", on %d core%s\n\n", levels->cores[core],
           digits_plural(levels->cores[core]));
    struct table_text table;
    FILE *rows = table_open(&table, stdout);
    for (int wait = 0; wait < map->wait.count; wait++)
        print_row(map, core, load, wait, own_wait, own_cpu, rows);
    table_close(&table);
    print_legend(map, core, load);
    if (advice->doubt[0])
        printf("mind: %s\n", advice->doubt);
    if (!advice->validated)
        puts("mind: no forecast of these constants has been compared with a "
             "measurement: troika validate");
    else
        printf("validated: waits of %s to %s",
               metric_format("_ns", map->least_wait_ns, low, sizeof low),
               metric_format("_ns", map->most_wait_ns, high, sizeof high));
    if (advice->validated)
        printf(", CPU of %s to %s; the rest is extrapolated\n",
               metric_format("_ns", map->least_cpu_ns, low, sizeof low),
               metric_format("_ns", map->most_cpu_ns, high, sizeof high));
}
