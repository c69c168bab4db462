/* SPDX-License-Identifier: MIT
 *
 * Exit codes of the program.
 */
#pragma once

/* Every verb returns one of these, and --help lists them. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INVALID = 3,   /* measured, but not every figure is valid */
    EXIT_THRESHOLD = 4, /* a limit that the user set is not met */
    EXIT_REFUSED = 5,   /* no answer that can be relied on, with --strict */
    EXIT_SIGHUP = 129,  /* 128 and the number of the signal, as in a shell */
    EXIT_SIGINT = 130,
    EXIT_SIGTERM = 143,
};
