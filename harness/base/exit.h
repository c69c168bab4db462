/* SPDX-License-Identifier: MIT
 *
 * How the program ends.
 */
#pragma once

/* Every verb returns one of these, and --help lists them. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INVALID = 3,   /* measured, but a figure did not earn its place */
    EXIT_THRESHOLD = 4, /* a limit that was asked for is not met */
    EXIT_SIGINT = 130,
    EXIT_SIGTERM = 143,
};
