/* SPDX-License-Identifier: MIT
 *
 * From the rungs of a ladder to a profile. A pure function.
 *
 * With one connection: wait = response - CPU - ready for a CPU - network. Where
 * the rate stands still: places = rate x time that each is held, which is the
 * wait, the CPU time and the time without a CPU there (Little's law for the
 * places, which a queue before them has no part in).
 */
#pragma once

#include "behaviour.h"
#include "findings.h"
#include "ladder.h"

/* What limits the service, by its ladder, which has a rung at least. */
void outside_judge(const struct ladder *ladder, struct behaviour *behaviour);

/* Fills *findings, which must be open. */
void outside_findings(const struct ladder *ladder, struct findings *findings);
