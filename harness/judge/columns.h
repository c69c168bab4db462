/* SPDX-License-Identifier: MIT
 *
 * What a column of a table is, by its name: "RPS", "p99 (ms)", "avg latency",
 * "service_mean_ns". A name with a word that points elsewhere is nobody's: "Max
 * memory", "CPU %", "p99 at 250/s".
 */
#pragma once

#include <stddef.h>

#include "row.h"

struct column {
    int figure;    /* -1: none that is known */
    double unit_s; /* of a time, where the name has one; else 0 */
    double scale;  /* of a rate or a count: 1000 where the name says k */
};

struct column column_of(const char *name, size_t length);
