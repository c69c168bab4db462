/* SPDX-License-Identifier: MIT
 *
 * The load generator: drives one HTTP/1.1 server from processes of its own,
 * checks every answer and times every request.
 *
 * A load is a schedule, decided before it starts: when to connect, when the
 * window opens and closes, when each request of an open loop is due. The
 * generator never adapts it to the server. Results land in memory shared with
 * the caller, are merged exactly, and are read after load_wait.
 *
 * Times: `intended` is when the schedule wanted the request sent (in a closed
 * loop, when it was sent), `sent` when its first byte was written, `done` when
 * the last byte of the answer was parsed.
 *   response = done - intended   (the headline of an open loop)
 *   service  = done - sent       (all that a closed loop can know)
 *   lag      = sent - intended   (the wait for a free connection, plus the
 *                                 generator's own delay)
 * With a new connection for every request (churn), `sent` and `intended` are
 * when connecting began, and connect = established - sent is a part of service.
 * With a greeting, every connection first becomes a WebSocket. A request is
 * then a message in one frame, and its answer is the same message sent back.
 * Messages that the server sends unasked (pushes) are counted apart.
 * Why intended time: Gil Tene, "How NOT to Measure Latency"; wrk2's README.
 */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/response.h"
#include "answer/socket.h"
#include "models/runtime/base/clock.h"
#include "models/runtime/base/histogram.h"
#include "target.h"

enum load_mode {
    LOAD_CLOSED, /* each connection sends again when it has its answer */
    LOAD_OPEN,   /* requests are sent when the schedule says so */
};

enum load_arrivals {
    ARRIVALS_POISSON,
    ARRIVALS_UNIFORM,
};

/* Known mistakes of load generators, built in so that the self-test can show
 * that each would be caught. Only `troika selftest` sets one; no flag, file or
 * environment variable can. */
enum load_mutation {
    MUTATION_NONE,
    MUTATION_FROM_SENT, /* response times count from the actual send */
    MUTATION_SKIP, /* a request that finds no free connection is never sent */
    MUTATION_DROP, /* requests in flight at the window's end are lost */
    MUTATION_P95,  /* p95 is given for p99 */
    MUTATION_MEAN, /* the mean is given for every percentile */
    MUTATION_ERRORS_OK, /* errors count as successes */
    MUTATION_UNCHECKED, /* wrong bodies count as right ones */
    MUTATION_OUTLIERS, /* answers later than MUTATION_OUTLIER_NS are left out of
                          the times */
    MUTATION_SLOW,     /* each send is delayed by MUTATION_SLOW_NS */
};

enum { MUTATION_SLOW_NS = 1000000, MUTATION_OUTLIER_NS = 50000000 };

/* A stretch of time in which a closed loop sends requests. Answers that come
 * from counted_ns to end_ns count. Times are from the start of the warm-up. */
struct load_slice {
    int64_t start_ns, counted_ns, end_ns;
};

enum { LOAD_SLICES_MAX = 1024 };

struct load_spec {
    union load_address address;
    const struct load_request *requests;  /* used in turn, wrapping round */
    int request_count;                    /* >= 1 */
    const struct load_greeting *greeting; /* NULL: plain HTTP requests */
    enum load_mode mode;
    enum load_arrivals arrivals; /* open loop */
    int burst; /* Poisson arrivals: how many requests are due at each instant.
                  The instants are that many times rarer, so that the rate
                  stays. 0 means 1 */
    double rate_per_s;     /* open loop: all processes together */
    double rate_end_per_s; /* not 0: over the window the rate rises evenly from
                              rate_per_s to this */
    int connections;       /* closed: kept open, each busy;
                              open: the most at any time */
    bool churn; /* closed loop: opens a new connection for every request, whose
                   clock starts when connecting begins. The ramp's connections
                   are closed */
    int processes;      /* 0: as few as the descriptors allow */
    uint64_t seed;      /* of the arrivals; never depends on a model */
    int64_t connect_ns; /* ramp: opening connections may take this;
                           0: ten seconds */
    /* Load before the window, not recorded; a closed loop's connections start
     * one after another over its first half, so that they do not move in step.
     */
    int64_t warmup_ns;
    int64_t window_ns;
    /* If not 0, the window ends once this many requests of the whole load have
     * ended; there is no warm-up. */
    uint64_t requests_max;
    int64_t timeout_ns; /* of one request, from its intended time; also
                           bounds the drain */
    int64_t think_ns;   /* closed loop: pause between answer and request */
    /* Closed loop: requests are sent in these slices only, which are in order
     * and do not overlap; NULL: all the time. The index of a slice alone
     * decides its first request, however many were sent before, so that every
     * model gets equal requests. Connections stay open in between. */
    const struct load_slice *slices;
    int slice_count;       /* at most LOAD_SLICES_MAX */
    const cpu_set_t *cpus; /* the processes run on these CPUs; NULL: on any.
                              load_begin fails if none is available */
    bool urgent;           /* real-time priority, where permitted */
    const volatile sig_atomic_t *stop; /* not NULL: once set, load_begin and
                              load_wait return -EINTR instead of waiting */
    enum load_mutation mutation;       /* set by the self-test only */
    int64_t interval_ns; /* open loop: not 0: load_interval tells what happened
                            in each interval of the window, of which it has at
                            most LOAD_INTERVALS_MAX */
    bool tenths;  /* keep response times for each tenth of the window; in a
                     closed loop, service times */
    bool series;  /* keep completions per 100 ms for the report */
    bool classes; /* keep response times for each class of requests */
};

/* The window in ten parts, to judge whether the rate is steady, and in bins of
 * 10 ms, to judge arrivals. Bins are longer if there would be more than
 * LOAD_BINS of them. */
enum { LOAD_PARTS = 10, LOAD_BINS = 4096, LOAD_INTERVALS_MAX = 1000 };

/* Why requests failed, counted one by one. The first three are io_error. */
enum load_failure {
    FAILURE_CONNECT,   /* refused, unreachable, out of ports, ... */
    FAILURE_RESET,     /* reset, or closed before the answer was whole */
    FAILURE_MALFORMED, /* not HTTP */
    FAILURE_COUNT,
};

struct load_result {
    /* Requests of the window. Closed loop: answered in it. Open loop:
     * intended in it, and scheduled = ok + wrong + http_error + io_error +
     * timeout holds exactly. In a closed loop `scheduled` is that sum. */
    uint64_t scheduled, ok, wrong, http_error, io_error, timeout;
    uint64_t failures[FAILURE_COUNT];
    /* Closed loop: requests from the first one to the window's end. Each number
     * is counted at another place in the code, so that they check each other:
     * started = ended outside the window (in the warm-up) + ended in it +
     * unanswered. A request whose connection could not be opened counts as
     * failed, but not as started. */
    uint64_t started, ended_outside, unanswered;
    /* Age of the oldest at the window's end, or 0. */
    int64_t oldest_unanswered_ns;
    /* Requests that ended while the oldest waited, per connection of its
     * process; the largest of all processes. */
    double overtaken;
    char first_failure[256]; /* in words, with address and errno; or "" */

    uint64_t completed_in_window; /* ok answers whose done is in the window:
                                     the throughput's numerator */
    int connections_open;         /* established when the window opened */
    int in_flight_max;
    /* Requests in flight (from sent to done), integrated over the window. It is
     * kept apart from the histograms so that Little's law can check both: it
     * must equal completions x mean service time. */
    double in_flight_integral_ns;
    uint64_t bytes_read;
    /* Due in the window, but not received by one time-out after its end; in
     * `push` with their age by then. */
    uint64_t pushes_missing;
    uint64_t lost; /* WebSockets that ended in the window without the generator
                      closing them */
    uint64_t checked;  /* answers of the window whose body a check looked at; 0
                          without checks, or if bodies are merely compared */
    uint64_t resent;   /* requests of the window that were sent once more, since
                      the server had closed a kept connection before any byte of
                      the answer (RFC 9112, section 9.3.1) */
    uint64_t reopened; /* connections opened again in the window, for
                    whatever reason (Connection: close, errors) */

    int64_t window_start_ns, window_end_ns; /* as measured */
    int64_t cpu_ns; /* the generator's own CPU in the window */
    int processes;
    int urgent; /* of these, with real-time priority */

    /* Of ok requests. A request of an open loop that timed out is in `response`
     * with its age, >= timeout. */
    struct histogram response, service, lag;
    /* Lateness of the pushes that were due in the window. */
    struct histogram push;
    struct histogram connect; /* churn: time until the connection was
                                 established, of the requests in `service` */
    /* Open loop: response times minus the generator's own lateness with each
     * request. A punctual generator would have seen times between these and
     * `response`, apart from the queue that a burst of late requests causes. */
    struct histogram punctual;
    /* Lag of the requests that found a free connection when due: the
     * generator's own lateness. */
    struct histogram lag_free;

    /* If the spec asks: response times by intended time; in a closed loop,
     * service times by the time when the answer came. */
    struct histogram tenths[LOAD_PARTS];
    /* If the spec asks: response times by class; in a closed loop, service
     * times. */
    struct histogram classes[CLASS_COUNT];
    uint64_t parts[LOAD_PARTS];       /* completed_in_window, by part */
    uint32_t slices[LOAD_SLICES_MAX]; /* right answers in the counted part of
                                         each slice of the spec */
    int bin_count;                    /* whole bins in the window */
    int64_t bin_ns;
    uint32_t bins[LOAD_BINS]; /* requests of an open loop, by the time when they
                                 were sent */

    int series_count; /* completions per 100 ms from the start of warm-up */
    uint32_t series[36000];
};

/* One interval of an open loop's window. */
struct load_interval {
    uint64_t due, sent;  /* by the schedule; requests of the window alone */
    uint64_t ok, errors; /* requests that ended in it, whenever due */
    double service_ns;   /* the sum of those that are ok */
    int64_t wanted_ns;   /* CPU time that the generator used or waited for; 0
                            until a moment after the interval */
    int in_flight_max;
    int processes;             /* the generator's */
    struct histogram response; /* of requests that ended in it, as in
                                  load_result */
    struct histogram punctual; /* less the generator's own lateness */
};

/* A load under way. */
struct load;

enum { LOAD_REASON_MAX = 192 };

/* What a load under way has recorded so far. */
struct load_progress {
    int64_t since_begin_ns; /* of the warm-up */
    uint64_t answered;      /* completed_in_window until now */
    uint64_t failed;        /* requests of the window, wrong answers included */
    struct histogram latency; /* response times of an open loop, else service
                                 times */
};

/* Forks the generator's processes, which connect at once; they die with the
 * calling thread. The spec and the requests must live until load_free. Returns
 * 0, or a negative errno with a sentence in `why`; if descriptors are short, it
 * says how many are needed and allowed, and how to raise the limit. */
int load_start(const struct load_spec *spec, struct load **load, char *why,
               size_t why_size);

/* Waits until every connection is open or has failed for good. No request is
 * sent before load_begin. Returns 0, or a negative errno as load_begin does. */
int load_opened(struct load *load);

/* Why load_opened or load_begin found no connection open, if words say more
 * than the errno; or NULL. */
const char *load_reason(const struct load *load);

/* Waits as load_opened does (which need not have been called), then begins the
 * warm-up. Returns the time at which the window will open, so that the caller
 * can time its own samples; or a negative errno: -ECHILD when a generator
 * process died, -EINVAL when one may not run on the spec's CPUs, -EINTR when
 * the spec's stop was set, or why no connection could be opened (-ECONNREFUSED,
 * ...). */
int64_t load_begin(struct load *load);

/* Begins the warm-up at `begin_ns`, so that several loads can begin at one
 * moment; call load_opened for each of them first. Returns the time at which
 * the window will open, or a negative errno. */
int64_t load_begin_at(struct load *load, int64_t begin_ns);

/* Reads what the processes have recorded so far, without asking them and
 * without a lock, once the load has begun: figures that they write meanwhile
 * may be a few requests apart from each other. */
void load_peek(const struct load *load, struct load_progress *progress);

/* Ends the window now. Requests in flight get one more second; load_wait then
 * returns what was measured until now. Async-signal-safe. */
void load_stop(struct load *load);

/* Waits until a time, or until the load has ended: returns -ETIMEDOUT or 0; or
 * -ECHILD or -EINTR as load_wait does. */
int load_wait_until(struct load *load, int64_t until_ns);

/* Merges what is known of an interval into *interval (large: allocate it). May
 * be called while the load runs, once the interval has ended. */
void load_interval(const struct load *load, int index,
                   struct load_interval *interval);

/* Waits for the end (window + drain) and merges the processes' results into
 * *result (large: allocate it). Returns 0, -ECHILD when a generator process
 * died, -ETIMEDOUT when it did not end in time, -EINTR when the spec's stop
 * was set. The connections stay open until load_free, so that the server's
 * memory for them can be measured after the window's last request. */
int load_wait(struct load *load, struct load_result *result);

/* Kills what still runs and releases everything. NULL is allowed. */
void load_free(struct load *load);
