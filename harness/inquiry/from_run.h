/* SPDX-License-Identifier: MIT
 *
 * The inquiry that a run's profile makes: with the constants of this machine if
 * they are of the run's machine too, else with those that came with the
 * program, scaled by what the run's cells cost; with the errors that a
 * validation found, else with those of the run's own cells; and with the cell
 * that is nearest to the profile.
 */
#pragma once

#include <jansson.h>

#include "harness/decide/decision.h"

/* Fills the inquiry, but for wishes and precision. `experiment` (NULL: the one
 * that has a profile) is one of the run. `constants`: a file; "none", those
 * that came with the program; NULL, as above. *cells gets the cells beside
 * their forecasts. Returns EXIT_OK, or another exit code after a message on
 * stderr; inquiry_free and json_decref may be called after any result. */
int from_run_open(const char *directory, const char *experiment,
                  const char *constants, struct inquiry *inquiry,
                  json_t **cells);
