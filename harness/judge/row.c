/* SPDX-License-Identifier: MIT */
#include "row.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/grow.h"
#include "models/runtime/http/frames.h"

const struct figure_about figure_abouts[FIGURES] = {
    [FIGURE_RATE] = {"rate", KIND_RATE, true, 0, "rate_per_s"},
    [FIGURE_CONNECTIONS] = {"connections", KIND_COUNT, true, 0, "connections"},
    [FIGURE_IN_FLIGHT] = {"in-flight", KIND_COUNT, true, 0, "in_flight"},
    [FIGURE_WAIT] = {"wait", KIND_TIME, true, 0, "wait_s"},
    [FIGURE_CPU] = {"cpu", KIND_TIME, true, 0, "cpu_s"},
    [FIGURE_WORKERS] = {"workers", KIND_COUNT, true, 0, "workers"},
    [FIGURE_CORES] = {"cores", KIND_COUNT, true, 0, "cores"},
    [FIGURE_DURATION] = {"duration", KIND_TIME, true, 0, "duration_s"},
    [FIGURE_REQUESTS] = {"requests", KIND_COUNT, true, 0, "requests"},
    [FIGURE_FAILED] = {"failed", KIND_COUNT, false, 0, "failed"},
    [FIGURE_LOST] = {"lost", KIND_COUNT, false, 0, "lost"},
    [FIGURE_MEAN] = {"mean", KIND_TIME, true, 0, "mean_s"},
    [FIGURE_MIN] = {"min", KIND_TIME, true, 0, "min_s"},
    [FIGURE_P10] = {"p10", KIND_TIME, false, 10, "p10_s"},
    [FIGURE_P25] = {"p25", KIND_TIME, false, 25, "p25_s"},
    [FIGURE_P50] = {"p50", KIND_TIME, true, 50, "p50_s"},
    [FIGURE_P75] = {"p75", KIND_TIME, true, 75, "p75_s"},
    [FIGURE_P90] = {"p90", KIND_TIME, true, 90, "p90_s"},
    [FIGURE_P95] = {"p95", KIND_TIME, true, 95, "p95_s"},
    [FIGURE_P99] = {"p99", KIND_TIME, true, 99, "p99_s"},
    [FIGURE_P999] = {"p99.9", KIND_TIME, true, 99.9, "p99_9_s"},
    [FIGURE_P9999] = {"p99.99", KIND_TIME, false, 99.99, "p99_99_s"},
    [FIGURE_MAX] = {"max", KIND_TIME, true, 0, "max_s"},
};

int figure_of_percent(double percent)
{
    for (int i = FIGURE_P10; i <= FIGURE_P9999; i++)
        if (figure_abouts[i].percent == percent)
            return i;
    return -1;
}

struct figure figure_exact(double value)
{
    return (struct figure){
        .known = true, .value = value, .low = value, .high = value};
}

struct row *row_add(struct rows *rows, const char *file, int line,
                    const char *format)
{
    if (rows->count == ROWS_MOST)
        return NULL;
    struct row *grown = grow_by_one(rows->of, rows->count, sizeof *rows->of);
    if (!grown)
        return NULL;
    rows->of = grown;
    struct row *row = &rows->of[rows->count++];
    *row = (struct row){.file = file, .line = line, .format = format};
    return row;
}

void row_free(struct rows *rows)
{
    free(rows->of);
    *rows = (struct rows){0};
}

/* The bytes of the character at `text`, or 0 where it is none that may go to a
 * terminal: a control character, one that turns the direction of text, or bytes
 * that are no UTF-8. */
static int printable_length(const char *text, int left)
{
    const unsigned char *at = (const unsigned char *)text;
    int length = at[0] < 0x80   ? 1
                 : at[0] < 0xc2 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                                : 4;
    struct frames_utf8 state = {0};

    if (length == 1)
        return at[0] >= 32 && at[0] != 127;
    if (length == 0 || length > left ||
        !frames_utf8(&state, at, (size_t)length))
        return 0;
    bool control = at[0] == 0xc2 && at[1] < 0xa0;
    bool turns =
        at[0] == 0xe2 && ((at[1] == 0x80 && (at[2] < 0x90 || at[2] >= 0xa8)) ||
                          (at[1] == 0x81 && at[2] >= 0xa0));
    return control || turns ? 0 : length;
}

void row_name(struct row *row, const char *text, int length)
{
    int used = 0;

    while (length > 0 && isspace((unsigned char)*text))
        text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    for (int i = 0, bytes; i<length; i += bytes> 0 ? bytes : 1) {
        bytes = printable_length(text + i, length - i);
        int room = (int)sizeof row->name - 1 - used;
        if (room < 1 || room < bytes)
            break;
        if (bytes > 0)
            memcpy(row->name + used, text + i, (size_t)bytes);
        else
            row->name[used] = '?';
        used += bytes > 0 ? bytes : 1;
    }
    row->name[used] = '\0';
}
