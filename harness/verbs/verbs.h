/* SPDX-License-Identifier: MIT
 *
 * The verbs of the command line: `troika VERB ...` calls verb_VERB with
 * "troika VERB" as argv[0]. Each lives in a file of its own, parses its own
 * flags and returns an exit code (base/exit.h).
 */
#pragma once

int verb_bench(int argc, char **argv);
int verb_bench_own(int argc, char **argv); /* bench --url, bench --command */

/* What bench says to whoever asks for another form of its result. */
#define BENCH_NO_FORMAT                                                        \
    "every figure is in run.json of the run's directory; what is printed is "  \
    "text alone"

int verb_target(int argc, char **argv);
int verb_summarise(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_runs(int argc, char **argv);
int verb_record(int argc, char **argv);
int verb_claims(int argc, char **argv);
int verb_calibrate(int argc, char **argv);
int verb_validate(int argc, char **argv);
int verb_predict(int argc, char **argv);
int verb_size(int argc, char **argv);
int verb_decide(int argc, char **argv);
int verb_map(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_judge(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_search(int argc, char **argv);
int verb_serve(int argc, char **argv);
int verb_stores(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_selftest(int argc, char **argv);
int verb_primitives(int argc, char **argv);
