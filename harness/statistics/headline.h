/* SPDX-License-Identifier: MIT
 *
 * The one metric that a load point is about: what a run's last lines and a
 * report's first ones tell. Chosen here, once, and stored; who reads results
 * takes it from there.
 */
#pragma once

#include <jansson.h>

/* Sets `headline`, a metric's name, in every load point of the run, whose
 * summary is made. */
void headline_make(json_t *run);
