/* SPDX-License-Identifier: MIT
 *
 * Numbers of workers in closed form: rules of thumb that people quote, and
 * queues whose answer is known. A curve (curve.h) shows what the rules would
 * do.
 *
 *   Goetz    cores x (1 + wait / cpu): as many as keep every core busy
 *            (B. Goetz et al., Java Concurrency in Practice, 2006, 8.2, with
 *            all of the CPU wanted)
 *   Little   rate x (wait + CPU): as many as are in flight on average
 *            (J. D. C. Little, A Proof for the Queuing Formula L = lambda W,
 *            Operations Research 9, 1961)
 *   2c + 1   of gunicorn's page "Design"
 *   pool     Erlang's formula C for M/M/c (L. Kleinrock, Queueing Systems,
 *            vol. 1, 1975, 3.5)
 *   piece    Pollaczek-Khinchine for M/G/1 (op. cit., 5.6)
 */
#pragma once

#include "harness/predict/service.h"

enum { RULES_MOST = 1000000 };

/* 0: a request without CPU keeps no core busy. At most RULES_MOST. */
int rules_goetz(const struct service *service);

/* At least 1, at most RULES_MOST. */
int rules_little(double rate_per_s, double held_ns);

int rules_two_cores(int cores);

/* The 99th percentile of the time for which one queues for a place of a pool,
 * if places are held for an exponential time of mean held_ns; INFINITY where
 * the places do not carry the load. */
double rules_queue_p99_ns(int places, double rate_per_s, double held_ns);

/* The least number of places for which that is at most `share` of held_ns. 0:
 * more than RULES_MOST. */
int rules_pool(double rate_per_s, double held_ns, double share);

/* The longest piece of CPU time on one loop whose queue, on average, makes a
 * request longer by at most `share` of its wait and CPU. A request computes
 * calls + 1 such pieces, around its calls, and they vary by cv_cpu. */
double rules_piece_ns(const struct service *service, double share);
