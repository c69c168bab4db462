/* SPDX-License-Identifier: MIT
 *
 * Relies on the process contract and GET /stats alone.
 */
#include "backend_server.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "client.h"
#include "harness/machine/placement.h"
#include "harness/machine/urgency.h"
#include "models.h"

static const int64_t TIMEOUT_NS = 5000000000;
enum { STATS_MAX = 4096 };

const char *backend_server_model(bool limited)
{
    return limited ? "thread-pool" : "event-loop";
}

static const char *path_of(const struct model_info *models, bool limited)
{
    const struct model_info *model =
        models_find(models, backend_server_model(limited));

    return model && model->available ? model->path : NULL;
}

void backend_server_find(struct backend_server *server,
                         const struct model_info *models)
{
    server->path = path_of(models, false);
    server->limited_path = path_of(models, true);
}

static int start(struct backend_server *server, const cpu_set_t *cpus,
                 int workers, char *why, size_t why_size)
{
    char number[16];
    const char *argv[] = {workers > 0 ? server->limited_path : server->path,
                          "--port",
                          "0",
                          "--stats",
                          workers > 0 ? "--workers" : NULL,
                          number,
                          NULL};
    struct process_options options = {.argv = argv,
                                      .cpus = cpus,
                                      .meter_name = "backend",
                                      .ready_timeout_ns = TIMEOUT_NS};
    char reason[512] = "";
    int result;

    snprintf(number, sizeof number, "%d", workers);
    result = process_start(&options, &server->process, reason, sizeof reason);
    if (result < 0) {
        snprintf(why, why_size, "the backend did not start: %s", reason);
        return result;
    }
    server->starts++;
    server->workers = workers;
    server->urgent = urgency_give_process(server->process.pid, URGENCY_BACKEND);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%d",
             server->process.port);
    return 0;
}

int backend_server_ensure(struct backend_server *server, const cpu_set_t *cpus,
                          int workers, char *why, size_t why_size)
{
    char text[256];

    if (server->workers == workers &&
        process_alive(&server->process, text, sizeof text))
        return placement_move(server->process.pid, cpus);
    backend_server_stop(server);
    if (!(workers > 0 ? server->limited_path : server->path)) {
        snprintf(why, why_size,
                 "the workload needs a backend, and the model %s that serves "
                 "as one is not built; run make",
                 backend_server_model(workers > 0));
        return -ENOENT;
    }
    return start(server, cpus, workers, why, why_size);
}

int backend_server_reset(const struct backend_server *server)
{
    struct sockaddr_in address = client_loopback(server->process.port);
    char body[STATS_MAX];
    int result = client_get(&address, "/stats?reset=1", TIMEOUT_NS, NULL, body,
                            sizeof body, NULL, 0);

    return result < 0 ? result : 0;
}

void backend_server_sample(struct backend_server *server,
                           struct meter_sample *sample)
{
    meter_sample(server->process.meter, sample);
}

static int64_t whole(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

void backend_server_read(struct backend_server *server,
                         const struct meter_sample *first,
                         const struct meter_sample *last,
                         struct backend_report *report)
{
    struct sockaddr_in address = client_loopback(server->process.port);
    char body[STATS_MAX];
    json_t *stats = NULL, *sleeps;

    if (client_get(&address, "/stats", TIMEOUT_NS, NULL, body, sizeof body,
                   NULL, 0) >= 0)
        stats = json_loads(body, 0, NULL);
    sleeps = json_object_get(stats, "sleeps");
    *report = (struct backend_report){
        .lateness_p90_ns = whole(sleeps, "lateness_p90_ns"),
        .lateness_p99_ns = whole(sleeps, "lateness_p99_ns"),
        .lateness_max_ns = whole(sleeps, "lateness_max_ns"),
        .urgent = server->urgent,
        .cpu_ns = -1,
        .span_ns = last->at_ns - first->at_ns,
    };
    if (first->cpu_user_ns >= 0 && last->cpu_user_ns >= 0)
        report->cpu_ns = last->cpu_user_ns - first->cpu_user_ns +
                         last->cpu_system_ns - first->cpu_system_ns;
    json_decref(stats);
}

void backend_server_stop(struct backend_server *server)
{
    process_stop(&server->process, NULL, NULL, 0);
}
