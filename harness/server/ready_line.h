/* SPDX-License-Identifier: MIT
 *
 * The line that a server prints on stdout once it accepts connections
 * (docs/contract.md): {"ready":true,"port":41234,...}.
 */
#pragma once

#include <stdbool.h>

struct ready_line {
    int port;    /* 1 to 65,535 */
    int workers; /* 0: the line does not say */
};

/* Parses one null-terminated line. False: not a ready line, and *said is all
 * zero. */
bool ready_line_read(const char *line, struct ready_line *said);
