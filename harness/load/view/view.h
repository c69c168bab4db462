/* SPDX-License-Identifier: MIT
 *
 * A load under way, on a terminal: its rate now and before, latencies, errors.
 *
 * Drawing costs the generator nothing that a figure could show. Requests are
 * sent and timed in processes of their own, which do the same with and without
 * a view: they count nothing for it and are asked for nothing. The caller's
 * process, which looks again and again whether the load has ended anyway, reads
 * four times a second what they have recorded so far in the memory that they
 * share with it, and writes some hundred bytes.
 */
#pragma once

#include "harness/load/load.h"

struct load_view;

/* NULL where stderr is no terminal, or without memory. */
struct load_view *load_view_open(const struct load_spec *spec, const char *url);

/* Draws the load four times a second until it has ended, or should have. Its
 * window opens at `begun_ns`. load_wait is to be called next. */
void load_view_follow(struct load_view *view, struct load *load,
                      int64_t begun_ns);

/* Takes the view away. NULL is allowed. */
void load_view_close(struct load_view *view);
