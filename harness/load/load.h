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
 * With a greeting, every connection first becomes a WebSocket: then a request
 * is a message, as a frame, and its answer the same message back. What the
 * server sends by itself (pushes) has an account of its own.
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
 * that each would be caught. A spec has none unless `troika selftest` puts it
 * there: no flag, file or environment variable reaches it. */
enum load_mutation {
    MUTATION_NONE,
    MUTATION_FROM_SENT, /* response times count from the actual send */
    MUTATION_SKIP,      /* what finds no free connection is never sent */
    MUTATION_DROP,      /* what is in flight at the window's end is lost */
    MUTATION_P95,       /* p95 is given for p99 */
    MUTATION_ERRORS_OK, /* errors count as successes */
    MUTATION_UNCHECKED, /* wrong bodies count as right ones */
    MUTATION_OUTLIERS,  /* answers later than MUTATION_OUTLIER_NS have no
                           part in the times */
    MUTATION_SLOW,      /* each send is delayed by MUTATION_SLOW_NS */
};

enum { MUTATION_SLOW_NS = 1000000, MUTATION_OUTLIER_NS = 50000000 };

/* A stretch in which a closed loop asks; what is answered from counted_ns to
 * end_ns is counted. Times from the start of the warm-up. */
struct load_slice {
    int64_t start_ns, counted_ns, end_ns;
};

enum { LOAD_SLICES_MAX = 1024 };

struct load_spec {
    union load_address address;
    const struct load_request *requests;  /* used in turn, wrapping round */
    int request_count;                    /* >= 1 */
    const struct load_greeting *greeting; /* NULL: the requests are HTTP's */
    enum load_mode mode;
    enum load_arrivals arrivals; /* open loop */
    int burst; /* Poisson: requests due together at each of its instants,
                  which are as many times rarer; 0 is 1 */
    double rate_per_s;  /* open loop: all processes together */
    int connections;    /* closed: kept open, each busy;
                           open: the most at any time */
    bool churn;         /* closed loop: a new connection for every request,
                           whose clock starts when connecting begins; the
                           ramp's connections are closed for it */
    int processes;      /* 0: as few as the descriptors allow */
    uint64_t seed;      /* of the arrivals; never of a model */
    int64_t connect_ns; /* ramp: opening connections may take this;
                           0: ten seconds */
    int64_t warmup_ns;  /* load before the window, not recorded; a
                           closed loop's connections start one after
                           another over its first half, so that they
                           do not move in step */
    int64_t window_ns;
    uint64_t requests_max; /* not 0: the window ends once so many requests,
                              all of the load's, have ended; no warm-up */
    int64_t timeout_ns;    /* of one request, from its intended time; also
                              bounds the drain */
    int64_t think_ns;      /* closed loop: pause between answer and request */
    const struct load_slice *slices; /* closed loop: it asks in these alone, in
                              order and apart; NULL: all the time. Each
                              starts with the same request, whatever came
                              before; connections stay open in between */
    int slice_count;                 /* at most LOAD_SLICES_MAX */
    const cpu_set_t *cpus; /* where the processes run; NULL: anywhere. None
                              of them to be had: load_begin fails */
    bool urgent;           /* before all others on its CPUs, where permitted */
    const volatile sig_atomic_t *stop; /* not NULL: once set, load_begin and
                              load_wait return -EINTR instead of waiting */
    enum load_mutation mutation;       /* the self-test's alone */
    bool tenths;  /* keep response times for each tenth of the window */
    bool series;  /* keep completions per 100 ms for the report */
    bool classes; /* keep response times for each class of requests */
};

/* For judging steadiness and arrivals: the window in ten parts, and in bins of
 * 10 ms (longer ones when they would be more than LOAD_BINS). */
enum { LOAD_PARTS = 10, LOAD_BINS = 4096 };

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
    /* A closed loop's account, from its first request to the window's end,
     * each number counted at another place: started = ended outside the window
     * (in the warm-up) + ended in it + unanswered. What could not connect is a
     * failed request, but was never started. */
    uint64_t started, ended_outside, unanswered;
    int64_t oldest_unanswered_ns; /* its age at the window's end, or 0 */
    double overtaken; /* answers that its process got meanwhile, per connection
                         of that process; of the processes the most */
    char first_failure[256]; /* in words, with address and errno; or "" */

    uint64_t completed_in_window; /* ok answers whose done is in the window:
                                     the throughput's numerator */
    int connections_open;         /* established when the window opened */
    int in_flight_max;
    double in_flight_integral_ns; /* sum over the window of in-flight x time
                                     (in flight: from sent to done), kept
                                     apart from the histograms so that
                                     Little's law can check both: it is
                                     completions x mean service time */
    uint64_t bytes_read;
    uint64_t pushes_missing; /* due in the window, not come by its end and the
                                time-out: in `push` at their age */
    uint64_t lost;   /* WebSockets that ended in the window, not by our doing */
    uint64_t resent; /* requests of the window that were sent once more, since
                    the server had closed a kept connection before any byte of
                    the answer (RFC 9112, section 9.3.1) */
    uint64_t reopened; /* connections opened again in the window, for
                    whatever reason (Connection: close, errors) */

    int64_t window_start_ns, window_end_ns; /* as they were */
    int64_t cpu_ns; /* the generator's own CPU in the window */
    int processes;
    int urgent; /* of these, with real-time priority */

    struct histogram response, service, lag; /* of ok requests; a timed-out
            request of an open loop is in response at its age, >= timeout */
    struct histogram push;     /* how late pushes that were due in the window
            came, counted from when they were due */
    struct histogram connect;  /* churn: until the connection was established,
            of the same requests */
    struct histogram punctual; /* an open loop's response times less the
            generator's own lateness with each of them: what a punctual
            generator would have seen lies between them and `response`, but for
            the queue that a burst of late requests makes */
    struct histogram lag_free; /* lag of requests that did find a free
            connection when due: the generator's own lateness */

    struct histogram tenths[LOAD_PARTS];   /* where the spec asks: response, by
              when intended */
    struct histogram classes[CLASS_COUNT]; /* the same by class; in a closed
            loop this is the service time */
    uint64_t parts[LOAD_PARTS];            /* completed_in_window, by part */
    uint32_t slices[LOAD_SLICES_MAX]; /* right answers in the counted part of
                                         each slice of the spec */
    int bin_count;                    /* whole bins in the window */
    int64_t bin_ns;
    uint32_t bins[LOAD_BINS]; /* requests of an open loop, by when sent */

    int series_count; /* completions per 100 ms from the start of warm-up */
    uint32_t series[36000];
};

/* A load under way. */
struct load;

enum { LOAD_REASON_MAX = 192 };

/* Forks the generator's processes, which connect at once; they die with the
 * calling thread. The caller owns the spec, the requests and *load until
 * load_free. Returns 0 or a negative errno
 * with a sentence in `why` (descriptors: what is needed, what is allowed, how
 * to raise it). */
int load_start(const struct load_spec *spec, struct load **load, char *why,
               size_t why_size);

/* Waits until every connection is open, or its failure is certain: nothing
 * is asked of the server before load_begin. Returns 0, or a negative errno as
 * load_begin does. */
int load_opened(struct load *load);

/* In words why load_opened or load_begin found no connection open, where they
 * say more than the errno; or NULL. */
const char *load_reason(const struct load *load);

/* Waits as load_opened does (which need not have been called), and
 * returns the time at which the window will open (warm-up begins at once
 * after this call); or a negative errno: -ECHILD when a generator process
 * died, -EINVAL when one may not run on the spec's CPUs, -EINTR when the
 * spec's stop was set, or why not one connection could be opened
 * (-ECONNREFUSED, ...). The
 * caller can spec its own samples for window_start and window_start +
 * window_ns. */
int64_t load_begin(struct load *load);

/* Starts a load at a moment of the caller's choice, so that several loads may
 * begin as one: the warm-up begins then, and the window opens after it. All
 * their connections should be open (load_opened). */
int64_t load_begin_at(struct load *load, int64_t begin_ns);

/* Ends the window now instead of when planned; what is in flight gets one
 * second more. load_wait then yields what there is. Async-signal-safe. */
void load_stop(struct load *load);

/* Waits for the end (window + drain) and merges the processes' results into
 * *result (large: allocate it). Returns 0, -ECHILD when a generator process
 * died, -ETIMEDOUT when it did not end in time, -EINTR when the spec's stop
 * was set. The connections stay open until load_free, so that what the server
 * holds for them can be looked at after the window's last request. */
int load_wait(struct load *load, struct load_result *result);

/* Kills what still runs and releases everything. NULL is allowed. */
void load_free(struct load *load);
