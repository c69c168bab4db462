/* SPDX-License-Identifier: MIT
 *
 * The verbs of the command line: `troika VERB ...` calls verb_VERB with
 * "troika VERB" as argv[0]. Each lives in a file of its own, parses its own
 * flags and returns the exit code.
 */
#pragma once

/* What a verb may return; the same in every verb and in --help. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INVALID = 3,   /* measured, but a figure did not earn its place */
    EXIT_THRESHOLD = 4, /* a limit that was asked for is not met */
    EXIT_SIGINT = 130,
    EXIT_SIGTERM = 143,
};

int verb_bench(int argc, char **argv);
int verb_summarise(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_search(int argc, char **argv);
int verb_serve(int argc, char **argv);
int verb_stores(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_selftest(int argc, char **argv);
int verb_primitives(int argc, char **argv);
