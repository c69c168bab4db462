/* SPDX-License-Identifier: MIT
 *
 * The order of Linux's fair class among executors that want a core, as far as
 * it was seen in what threads measure (docs/method/forecasts.md). Who contends
 * has a virtual time: what it has computed, on a scale that it shares with the
 * others. The least is next.
 *
 * Those contend who run, who are ready, and who went to wait in debt. Their
 * mean virtual time V is where a newcomer begins. Who goes to wait
 *   - behind V takes the lag along as credit, up to two slices or a tick, and
 *     begins that much before V when it wakes;
 *   - ahead of V stays among those whose mean is V. When it would be next it
 *     leaves, and all is forgotten; woken before, it goes on where it was.
 *
 * I. Stoica and H. Abdel-Wahab, Earliest Eligible Virtual Deadline First, Old
 * Dominion University, TR-95-22, 1995; the fair class of Linux 6.18
 * (place_entity, update_entity_lag, set_delayed). Deadlines are left out: the
 * least virtual time is as near to what was measured.
 *
 * There is one set for all cores; the kernel has one for each, and moves
 * executors between them.
 */
#pragma once

#include "state.h"

/* Makes room for one more executor than there are. Returns 0 or -ENOMEM. */
int fair_grow(struct engine *engine);
/* V; 0 if nobody contends. */
double fair_mean_ns(const struct engine *engine);
/* Who waited wants a core: it contends from now on, and has a virtual time. */
void fair_wake(struct engine *engine, int executor);
/* Who contends and does not run is ready; of equals, the first to come is
 * first. */
void fair_push(struct engine *engine, int executor);
/* The ready one with the least virtual time, or NONE. Debts that V has reached
 * end. */
int fair_least(struct engine *engine);
/* Takes it out: it runs. */
int fair_take(struct engine *engine);
/* A ready one is no longer ready; it contends still. */
void fair_withdraw(struct engine *engine, int executor);
/* An executor has computed. */
void fair_ran(struct engine *engine, int executor, double ran_ns);
/* Who ran, or was withdrawn, waits. Who has `ended` leaves neither debt nor
 * credit behind. */
void fair_sleep(struct engine *engine, int executor, bool ended);
/* Whether one who runs has had more than the mean. Executors that run side by
 * side are equal but for a rounding: less than a millionth of a slice is no
 * difference. */
bool fair_ahead(const struct engine *engine, int executor);
