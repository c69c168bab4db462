/* SPDX-License-Identifier: MIT */
#include "numbers.h"

#include <errno.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"

/* At a higher load requests queue for the CPU, and the response time is none
 * when quiet. */
static const double QUIET_MOST = 0.7;

static int contradiction(const struct numbers *n, double cpu_ns, char *why,
                         size_t why_size)
{
    char cpu[FINDINGS_TIME], response[FINDINGS_TIME];

    snprintf(why, why_size,
             "%s %% of %d %s at %s are %s of CPU time for each request, "
             "more than the %s that one takes: is the load that of fewer "
             "cores (--cores), or of other programs too, or does one request "
             "compute on several CPUs?",
             digits_of(100 * n->busy, 3).text, n->cores,
             n->cores > 1 ? "cores" : "core",
             digits_rate(n->rate_per_s, 4).text, findings_time(cpu_ns, cpu),
             findings_time(n->response_ns, response));
    return -EINVAL;
}

static void doubt(const struct numbers *n, struct findings *findings)
{
    if (!n->cores_given)
        findings_doubt(findings,
                       "the number of cores was not said: 1 is assumed, and "
                       "CPU time is in proportion to it (--cores)");
    if (n->busy > QUIET_MOST)
        findings_doubt(findings,
                       "at a load of %s %% requests queue for the CPU: the "
                       "wait is too long by that queue, unless the response "
                       "time is of a quiet hour",
                       digits_of(100 * n->busy, 3).text);
    findings_doubt(findings, "the wait is all that is not CPU time: calls, and "
                             "queues and locks as well; --command with a URL "
                             "tells them apart");
    findings_doubt(findings, "how the times vary, how many calls a request "
                             "makes, and how requests come: an access log says "
                             "that (--log)");
}

int numbers_probe(const struct numbers *n, struct findings *findings, char *why,
                  size_t why_size)
{
    struct service *service = &findings->service;
    double cpu_ns = n->busy * n->cores / n->rate_per_s * 1e9;
    double wait_ns = n->response_ns - cpu_ns;
    char cpu[FINDINGS_TIME], response[FINDINGS_TIME], wait[FINDINGS_TIME];

    if (cpu_ns > n->response_ns)
        return contradiction(n, cpu_ns, why, why_size);
    findings_time(cpu_ns, cpu);
    findings_time(n->response_ns, response);
    findings_time(wait_ns, wait);
    findings_line(findings, "CPU of a request", "%s %% x %d / %s = %s",
                  digits_of(100 * n->busy, 3).text, n->cores,
                  digits_rate(n->rate_per_s, 4).text, cpu);
    findings_line(findings, "wait of a request", "%s - %s = %s", response, cpu,
                  wait);
    findings_line(findings, "in flight", "%s x %s = %s (Little)",
                  digits_rate(n->rate_per_s, 4).text, response,
                  digits_of(n->rate_per_s * n->response_ns / 1e9, 3).text);
    service->wait_ns = wait_ns;
    findings_found(findings, SERVICE_WAIT, "%s - %s", response, cpu);
    service->cpu_ns = cpu_ns;
    findings_found(findings, SERVICE_CPU, "%s %% x %d / %s",
                   digits_of(100 * n->busy, 3).text, n->cores,
                   digits_rate(n->rate_per_s, 4).text);
    service->rate_per_s = n->rate_per_s;
    findings_found(findings, SERVICE_RATE, "as given");
    if (n->cores_given) {
        service->cores = n->cores;
        findings_found(findings, SERVICE_CORES, "as given");
    }
    findings_fact(findings, "wait_ns", wait_ns);
    findings_fact(findings, "cpu_ns", cpu_ns);
    findings_fact(findings, "in_flight", n->rate_per_s * n->response_ns / 1e9);
    doubt(n, findings);
    return 0;
}
