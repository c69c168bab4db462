/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <math.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"

static const double GIVEN = 1.3, DEFAULT = 2;

static const struct {
    enum service_field field;
    const char *metric; /* whose unit a text has */
    const char *remedy;
    bool whole;
} rows[INPUTS] = {
    [INPUT_WAIT] = {SERVICE_WAIT, "_ns",
                    "troika probe --command '...' URL, or --log access.log",
                    false},
    [INPUT_CPU] = {SERVICE_CPU, "_ns",
                   "troika probe --command '...' URL, or --rate, --response "
                   "and --busy",
                   false},
    [INPUT_LOAD] = {SERVICE_RATE, "_per_s",
                    "troika probe --log access.log, for the rate of the "
                    "busiest minute",
                    false},
    [INPUT_CONNECTIONS] = {SERVICE_CONNECTIONS, "",
                           "the connections that a busy server has open "
                           "(ss -tn)",
                           true},
    [INPUT_THINK] = {SERVICE_THINK, "_ns",
                     "troika probe --log access.log, for the rate instead of "
                     "a pause",
                     false},
    [INPUT_CV_WAIT] = {SERVICE_CV_WAIT, "",
                       "troika probe --log access.log, for the quantiles of "
                       "the time",
                       false},
    [INPUT_CV_CPU] = {SERVICE_CV_CPU, "",
                      "troika probe --log access.log, for the quantiles of the "
                      "time",
                      false},
    [INPUT_PAYLOAD] = {SERVICE_PAYLOAD, "_bytes",
                       "troika probe --log access.log, for the bytes of an "
                       "answer",
                       false},
    [INPUT_CALLS] = {SERVICE_CALLS, "", "the code of the handler", true},
    [INPUT_BURST] = {SERVICE_BURST, "", "who sends the requests", true},
    [INPUT_REQUESTS_PER_CONNECTION] = {SERVICE_REQUESTS_PER_CONNECTION, "",
                                       "who sends the requests", true},
    [INPUT_BACKEND_WORKERS] = {SERVICE_BACKEND_WORKERS, "",
                               "whoever runs the backend", true},
    [INPUT_CORES] = {SERVICE_CORES, "", "the machine", true},
    [INPUT_LIMIT] = {SERVICE_LIMIT, "_ns", "whoever asks for the limit", false},
    [INPUT_MEMORY] = {SERVICE_MEMORY, "_bytes", "whoever pays for it", false},
};

enum service_field input_field(const struct service *p, enum input input)
{
    if (input == INPUT_LOAD && p->rate_per_s <= 0)
        return SERVICE_CONNECTIONS;
    return rows[input].field;
}

const char *input_name(const struct service *p, enum input input)
{
    return service_field_name(input_field(p, input));
}

bool input_is_whole(const struct service *p, enum input input)
{
    return rows[input].whole || input_field(p, input) == SERVICE_CONNECTIONS;
}

double input_value(const struct service *p, enum input input)
{
    switch (input) {
    case INPUT_WAIT:
        return p->wait_ns;
    case INPUT_CPU:
        return p->cpu_ns;
    case INPUT_LOAD:
        return p->rate_per_s > 0 ? p->rate_per_s : p->connections;
    case INPUT_CONNECTIONS:
        return p->rate_per_s > 0 ? p->connections : 0;
    case INPUT_THINK:
        return p->rate_per_s > 0 ? 0 : p->think_ns;
    case INPUT_CV_WAIT:
        return p->wait_ns > 0 ? p->cv_wait : 0;
    case INPUT_CV_CPU:
        return p->cpu_ns > 0 ? p->cv_cpu : 0;
    case INPUT_PAYLOAD:
        return p->payload_bytes;
    case INPUT_CALLS:
        return p->wait_ns > 0 ? p->calls : 0;
    case INPUT_BURST:
        return p->rate_per_s > 0 ? p->burst : 0;
    case INPUT_REQUESTS_PER_CONNECTION:
        return p->requests_per_connection;
    case INPUT_BACKEND_WORKERS:
        return p->wait_ns > 0 ? p->backend_workers : 0;
    case INPUT_CORES:
        return p->cores;
    case INPUT_LIMIT:
        return p->limit_ns;
    case INPUT_MEMORY:
        return p->memory_bytes;
    case INPUTS:
        break;
    }
    return 0;
}

bool input_applies(const struct service *p, enum input input)
{
    return input_value(p, input) > 0;
}

static int whole_of(double value)
{
    return (int)fmax(1, lround(value));
}

void input_set(struct service *p, enum input input, double value)
{
    switch (input) {
    case INPUT_WAIT:
        p->wait_ns = value;
        break;
    case INPUT_CPU:
        p->cpu_ns = value;
        break;
    case INPUT_LOAD:
        if (p->rate_per_s > 0)
            p->rate_per_s = value;
        else
            p->connections = whole_of(value);
        break;
    case INPUT_CONNECTIONS:
        p->connections = whole_of(value);
        break;
    case INPUT_THINK:
        p->think_ns = value;
        break;
    case INPUT_CV_WAIT:
        p->cv_wait = value;
        break;
    case INPUT_CV_CPU:
        p->cv_cpu = value;
        break;
    case INPUT_PAYLOAD:
        p->payload_bytes = value;
        break;
    case INPUT_CALLS:
        p->calls = whole_of(value);
        if (!p->given[SERVICE_CV_WAIT])
            p->cv_wait = service_default_cv_wait(p->calls);
        break;
    case INPUT_BURST:
        p->burst = whole_of(value);
        break;
    case INPUT_REQUESTS_PER_CONNECTION:
        p->requests_per_connection = whole_of(value);
        break;
    case INPUT_BACKEND_WORKERS:
        p->backend_workers = whole_of(value);
        break;
    case INPUT_CORES:
        p->cores = whole_of(value);
        break;
    case INPUT_LIMIT:
        p->limit_ns = value;
        break;
    case INPUT_MEMORY:
        p->memory_bytes = value;
        break;
    case INPUTS:
        break;
    }
}

const char *input_text(const struct service *p, enum input input, double value,
                       char *text, size_t size)
{
    if (input_is_whole(p, input) || !rows[input].metric[0])
        snprintf(text, size, "%s", digits_of(value, 4).text);
    else
        metric_format(rows[input].metric, value, text, size);
    return text;
}

double input_spread(const struct service *p, enum input input)
{
    if (input >= INPUTS_UNCERTAIN || !input_applies(p, input))
        return 1;
    return p->given[input_field(p, input)] ? GIVEN : DEFAULT;
}

const char *input_remedy(enum input input)
{
    return rows[input].remedy;
}
