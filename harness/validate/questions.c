/* SPDX-License-Identifier: MIT */
#include "questions.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/grow.h"
#include "harness/base/json.h"
#include "harness/run/plan.h"
#include "replay.h"

static const double NS_PER_S = 1e9;

/* Searching for a number of workers takes some twenty simulations. */
static const struct precision quick = {.requests = 12000, .seed = 1};

/* Requests in flight beyond which generator and kernel would be the limit. */
static const double FLIGHT_MOST = 400;

/* Foreign models are asked about one service in so many. */
enum { FOREIGN_EVERY = 4, WORKERS_MOST = 1024, PROCESSES_MOST = 128 };

/* All open loops of a service are asked for the same requests. */
#define SEQUENCE "open"

/* Requests of an open loop: 20 beyond the 99th percentile. */
static const double OPEN_REQUESTS = 2400;

const char *questions_workers_name(int bit)
{
    static const char *const names[WORKERS_REASONS] = {
        "needed", "half", "double", "goetz", "2c+1", "unlimited"};
    return names[bit];
}

void questions_take_model(struct questions *questions,
                          const struct model_constants *model)
{
    for (int i = 0; i < questions->model_count; i++)
        if (questions->models[i] == model)
            return;
    questions->models[questions->model_count++] = model;
}

bool questions_target(const struct questions *questions,
                      const struct model_constants *model)
{
    char section[96];

    snprintf(section, sizeof section, "[target %s]", model->name);
    return strstr(questions->targets, section) != NULL;
}

/* The service that the model is asked for: a target is asked for what it does
 * anyway, which its constants contain. */
static void service_for(const struct questions *questions, int index,
                        const struct model_constants *model,
                        struct service *service)
{
    held_out_service(&questions->services[index], &questions->machine, service);
    if (questions_target(questions, model)) {
        service->wait_ns = service->cpu_ns = service->payload_bytes = 0;
        service->calls = 0;
    }
}

/* Whether the model is measured by itself: a server of another kind takes part
 * in no slices. */
static bool is_apart(const struct questions *questions,
                     const struct model_constants *model)
{
    return model->foreign || questions_target(questions, model);
}

static bool asks(const struct questions *questions, int service, int model)
{
    return !is_apart(questions, questions->models[model]) ||
           service % FOREIGN_EVERY == model % FOREIGN_EVERY;
}

static int workers_most(const struct model_constants *model)
{
    return strstr(model->name, "process") ? PROCESSES_MOST : WORKERS_MOST;
}

/* Throughput by the laws, with the handler's work alone. */
static double by_laws(const struct service *p, const struct question *question)
{
    bool held = question->model->discipline == DISCIPLINE_WORKER;
    struct laws laws = laws_of(&(struct laws_input){
        .open = question->open,
        .rate_per_s = question->rate_per_s,
        .connections = question->connections,
        .wait_s = p->wait_ns / NS_PER_S,
        .cpu_s = p->cpu_ns / NS_PER_S,
        .cpus = p->cores,
        .holding_workers = held ? question->worker_count : 0,
        .memory_left = INFINITY,
    });

    return laws.per_s[laws.binding];
}

static struct precision precise_of(const struct questions *questions)
{
    return (struct precision){.requests = questions->requests, .seed = 1};
}

static int64_t warmup_ns_of(const struct held_out *drawn)
{
    return (int64_t)fmax(400e6, 8 * (double)drawn->delay_ns);
}

static int64_t window_ns_of(const struct questions *questions,
                            const struct question *question)
{
    if (!question->open)
        return 1000000000;
    double ns = OPEN_REQUESTS / question->rate_per_s * NS_PER_S;
    ns = fmin(fmax(ns, 800e6), (double)questions->window_most_ns);
    return (int64_t)ceil(ns / 1e6) * 1000000;
}

/* The latencies of the very requests that will be sent. `cpu_ns`: what a
 * request was seen to cost, in place of the constants; 0: nothing. */
static int forecast_replayed(const struct questions *questions,
                             const struct service *service,
                             const struct question *question, double cpu_ns,
                             struct forecast *replayed)
{
    const struct held_out *drawn = &questions->services[question->service];
    struct precision precision = precise_of(questions);
    struct request_log log;
    char experiment[32], why[256];

    snprintf(experiment, sizeof experiment, "service-%d",
             question->service + 1);
    struct replay_load load = {
        .seed = plan_seed(questions->seed, experiment, SEQUENCE, 1),
        .rate_per_s = question->rate_per_s,
        .warmup_ns = warmup_ns_of(drawn),
        .window_ns = window_ns_of(questions, question),
        .size_bytes = drawn->size_bytes,
        .cv_wait_percent = drawn->cv_wait_percent,
        .cv_cpu_percent = drawn->cv_cpu_percent,
    };
    int status = replay_make(&load, &log);
    precision.log = &log;
    precision.request_cpu_ns = cpu_ns;
    if (status == 0)
        forecast_make(service, &questions->machine, question->model,
                      question->worker_count, &precision, replayed, why,
                      sizeof why);
    replay_free(&log);
    return status;
}

int questions_add(struct questions *questions, const struct question *question)
{
    struct precision precise = precise_of(questions);
    struct service service;
    char why[256];

    void *grown =
        grow_by_one(questions->rows, questions->count, sizeof *questions->rows);
    if (!grown)
        return -ENOMEM;
    questions->rows = grown;
    struct question *row = &questions->rows[questions->count++];
    *row = *question;
    service_for(questions, row->service, row->model, &service);
    service.rate_per_s = row->open ? row->rate_per_s : 0;
    service.connections = row->connections;
    if (!row->open)
        service.cv_wait = service.cv_cpu = 0;
    row->law_per_s = by_laws(&service, row);
    row->forecasted = forecast_make(&service, &questions->machine, row->model,
                                    row->worker_count, &precise, &row->forecast,
                                    why, sizeof why) == 0;
    if (!row->open || !row->forecasted)
        return 0;
    return forecast_replayed(questions, &service, row, 0, &row->replayed);
}

int questions_with_cpu(const struct questions *questions,
                       const struct question *question, double cpu_ns,
                       struct forecast *forecast)
{
    struct service service;

    *forecast = (struct forecast){0};
    service_for(questions, question->service, question->model, &service);
    service.rate_per_s = question->rate_per_s;
    service.connections = question->connections;
    return forecast_replayed(questions, &service, question, cpu_ns, forecast);
}

static int needed(const struct questions *questions, struct service *service,
                  const struct model_constants *model)
{
    int workers =
        forecast_workers(service, &questions->machine, model, &quick, NULL);
    int most = workers_most(model);
    return workers < most ? workers : most;
}

static int add_closed(struct questions *questions, int index,
                      const struct model_constants *model)
{
    const struct held_out *drawn = &questions->services[index];
    struct question question = {
        .service = index, .model = model, .connections = drawn->connections};
    struct service service;

    service_for(questions, index, model, &service);
    service.connections = drawn->connections;
    service.cv_wait = service.cv_cpu = 0;
    question.worker_count = needed(questions, &service, model);
    bool apart = is_apart(questions, model);
    snprintf(question.place, sizeof question.place, "closed%s%.30s",
             apart ? "-" : "", apart ? model->name : "");
    return questions_add(questions, &question);
}

/* Six digits, as the experiment has them. */
static double rounded(double value)
{
    char text[32];

    snprintf(text, sizeof text, "%s", digits_of(value, 6).text);
    return strtod(text, NULL);
}

/* The rate that is the drawn share of what the model can do with any number of
 * workers, with no more in flight than can be asked. */
static double rate_for(const struct questions *questions, int index,
                       const struct model_constants *model)
{
    const struct held_out *drawn = &questions->services[index];
    struct service service;
    struct forecast forecast;
    char why[256];

    service_for(questions, index, model, &service);
    service.rate_per_s = 1;
    if (forecast_make(&service, &questions->machine, model, WORKERS_MOST,
                      &(struct precision){.requests = 0}, &forecast, why,
                      sizeof why) < 0)
        return NAN;
    double held_s = (service.wait_ns + forecast.request_cpu_ns) / NS_PER_S;
    double rate = drawn->share * fmin(forecast.law_per_s[LAW_CPU],
                                      forecast.law_per_s[LAW_THREAD]);
    double flight = fmin(FLIGHT_MOST, workers_most(model) / 2.0);
    return rounded(fmin(rate, flight / held_s));
}

static struct question open_question(const struct questions *questions,
                                     int index,
                                     const struct model_constants *model,
                                     double rate_per_s)
{
    struct question question = {.service = index,
                                .model = model,
                                .open = true,
                                .rate_per_s = rate_per_s};
    struct service service;

    service_for(questions, index, model, &service);
    service.rate_per_s = rate_per_s;
    double held_s = (service.wait_ns + 4 * service.cpu_ns) / NS_PER_S;
    question.connections =
        (int)fmin(WORKERS_MOST, 16 + 4 * rate_per_s * held_s);
    question.worker_count = needed(questions, &service, model);
    return question;
}

static int goetz(const struct service *service)
{
    double workers =
        service->cores * (1 + service->wait_ns / fmax(service->cpu_ns, 1));
    return (int)fmin(WORKERS_MOST, ceil(workers));
}

/* The pool with the numbers of workers that rules of thumb give. */
static int add_workers(struct questions *questions, struct question question)
{
    int needs = question.worker_count, status = 0;
    struct service service;

    held_out_service(&questions->services[question.service],
                     &questions->machine, &service);
    int counts[] = {
        needs,           needs > 1 ? needs / 2 : 1, 2 * needs,
        goetz(&service), 2 * service.cores + 1,     question.connections};
    enum { COUNTS = sizeof counts / sizeof *counts };
    for (int i = 0; i < COUNTS && status == 0; i++) {
        question.workers = 0;
        bool asked = false;
        for (int j = 0; j < COUNTS; j++) {
            asked |= j < i && counts[j] == counts[i];
            question.workers |= counts[j] == counts[i] ? 1u << j : 0;
        }
        if (asked)
            continue;
        question.worker_count = counts[i];
        snprintf(question.place, sizeof question.place, "workers-%d",
                 counts[i]);
        status = questions_add(questions, &question);
    }
    return status;
}

static int add_open(struct questions *questions, int index,
                    const struct model_constants *model)
{
    double rate_per_s = rate_for(questions, index, model);

    if (!isfinite(rate_per_s))
        return 0;
    struct question question =
        open_question(questions, index, model, rate_per_s);
    if (!strcmp(model->name, "thread-pool"))
        return add_workers(questions, question);
    snprintf(question.place, sizeof question.place, "open-%.34s", model->name);
    return questions_add(questions, &question);
}

int questions_make(struct questions *questions, void (*tell)(int service))
{
    int status = 0;

    questions->count = 0;
    questions->rows = NULL;
    for (int i = 0; i < questions->service_count && status == 0; i++) {
        for (int m = 0; m < questions->model_count && status == 0; m++)
            if (asks(questions, i, m)) {
                status = add_closed(questions, i, questions->models[m]);
                if (status == 0)
                    status = add_open(questions, i, questions->models[m]);
            }
        tell(i);
    }
    return status;
}

void questions_free(struct questions *questions)
{
    free(questions->rows);
    questions->rows = NULL;
}

/* In closed loops nothing varies: a slice holds too few requests for a mean. */
static void write_work(const struct held_out *drawn, bool open, FILE *file)
{
    fprintf(file,
            "workload = service\n"
            "delay = %" PRId64 "ns\n"
            "calls = %d\n"
            "steps = %" PRId64 "\n"
            "size = %" PRId64 "B\n"
            "cv_wait = %d\n"
            "cv_cpu = %d\n",
            drawn->delay_ns, drawn->calls, drawn->steps, drawn->size_bytes,
            open ? drawn->cv_wait_percent : 0,
            open ? drawn->cv_cpu_percent : 0);
}

static void write_workers(const struct question *question, FILE *file)
{
    if (question->model->has_workers && question->worker_count > 0)
        fprintf(file, "workers.%s = %d\n", question->model->name,
                question->worker_count);
}

/* Whether there is a model that is measured side by side with others. */
static bool has_slices(const struct questions *questions)
{
    for (int i = 0; i < questions->model_count; i++)
        if (!is_apart(questions, questions->models[i]))
            return true;
    return false;
}

static void write_models(const struct questions *questions, FILE *file)
{
    const char *separator = "models = ";

    for (int i = 0; i < questions->model_count; i++)
        if (!is_apart(questions, questions->models[i])) {
            fprintf(file, "%s%s", separator, questions->models[i]->name);
            separator = ", ";
        }
    fputs("\n", file);
}

/* The calibration's first cell once more, beside the first service and the
 * last: the machine's drift. */
static void write_drift(const struct questions *questions, FILE *file)
{
    fputs("[cell hello]\n"
          "workload = hello\n"
          "mode = slice\nslices = 5\nslice = 200ms\ndiscard = 50ms\n"
          "connections = 16\n"
          "workers = 32\nworkers.process-loops = 1\n",
          file);
    write_models(questions, file);
}

/* All models of C in slices, side by side. */
static void write_slices(const struct questions *questions, int service,
                         FILE *file)
{
    const struct held_out *drawn = &questions->services[service];
    double work_ns = (double)drawn->steps * questions->machine.step_ns;
    double backlog_ns = drawn->connections * (work_ns + 100e3);
    double discard_ns =
        fmax(100e6, 2.2 * (double)drawn->delay_ns + 2.5 * backlog_ns);
    double counted_ns = fmax(300e6, 12 * (double)drawn->delay_ns);

    fprintf(file, "[cell closed]\n");
    write_work(drawn, false, file);
    fprintf(file,
            "mode = slice\nslices = 3\nslice = %.0fms\ndiscard = %.0fms\n"
            "connections = %d\n",
            ceil((discard_ns + counted_ns) / 1e6), ceil(discard_ns / 1e6),
            drawn->connections);
    write_models(questions, file);
    for (int i = 0; i < questions->count; i++)
        if (questions->rows[i].service == service &&
            !strcmp(questions->rows[i].place, "closed"))
            write_workers(&questions->rows[i], file);
}

static void write_one(const struct questions *questions,
                      const struct question *question, FILE *file)
{
    fprintf(file, "[cell %s]\n", question->place);
    if (questions_target(questions, question->model))
        fputs("workload = hello\n", file);
    else
        write_work(&questions->services[question->service], question->open,
                   file);
    if (question->open)
        fprintf(file, "mode = open\nrate = %s/s\nsequence = " SEQUENCE "\n",
                digits_of(question->rate_per_s, 6).text);
    fprintf(file, "window = %" PRId64 "ms\nconnections = %d\nmodels = %s\n",
            window_ns_of(questions, question) / 1000000, question->connections,
            question->model->name);
    write_workers(question, file);
}

bool questions_measured(const struct questions *questions, int service)
{
    for (int i = 0; i < questions->count; i++)
        if (questions->rows[i].service == service)
            return true;
    return false;
}

void questions_write(const struct questions *questions, int service, FILE *file)
{
    const struct held_out *drawn = &questions->services[service];

    fprintf(file,
            "[experiment]\n"
            "title = Service %d, held back\n"
            "question = How far is the forecast from what is measured?\n"
            "models = all\n"
            "blocks = 1\n"
            "warmup = %" PRId64 "ns\n"
            "timeout = 20s\n",
            service + 1, warmup_ns_of(drawn));
    fputs(questions->targets, file);
    /* A cell without models of its own would have them all. */
    bool drifts = service == 0 || service == questions->service_count - 1;
    if (has_slices(questions) && drifts)
        write_drift(questions, file);
    if (has_slices(questions))
        write_slices(questions, service, file);
    for (int i = 0; i < questions->count; i++) {
        const struct question *question = &questions->rows[i];
        if (question->service == service &&
            strcmp(question->place, "closed") != 0)
            write_one(questions, question, file);
    }
}

static json_t *question_json(const struct question *question)
{
    const struct forecast *f = &question->forecast, *r = &question->replayed;
    bool known = question->forecasted;
    bool simulated = known && f->simulated;

    return json_pack(
        "{s:i, s:s, s:s, s:b, s:i, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:o}",
        "service", question->service + 1, "model", question->model->name,
        "load_point", question->place, "open", question->open, "reasons",
        (int)question->workers, "workers", question->worker_count, "rate_per_s",
        json_finite_if(question->rate_per_s, question->open), "connections",
        question->connections, "throughput_per_s",
        json_finite_if(f->rate_per_s, known), "cpu_per_request_ns",
        json_finite_if(f->request_cpu_ns, known), "memory_total_bytes",
        json_finite_if(f->memory_bytes, known), "latency_p50_ns",
        json_finite_if(f->p50_ns.value, simulated), "latency_p90_ns",
        json_finite_if(f->p90_ns.value, simulated), "latency_p99_ns",
        json_finite_if(f->p99_ns.value, simulated),
        "replayed_cpu_per_request_ns",
        json_finite_if(r->request_cpu_ns, r->request_cpu_ns > 0),
        "replayed_p50_ns", json_finite_if(r->p50_ns.value, r->simulated),
        "replayed_p90_ns", json_finite_if(r->p90_ns.value, r->simulated),
        "replayed_p99_ns", json_finite_if(r->p99_ns.value, r->simulated),
        "load", json_finite_if(f->load, known));
}

json_t *questions_json(const struct questions *questions)
{
    json_t *list = json_array();

    for (int i = 0; i < questions->count; i++)
        json_array_append_new(list, question_json(&questions->rows[i]));
    return list;
}

json_t *questions_services_json(const struct questions *questions)
{
    json_t *list = json_array();

    for (int i = 0; i < questions->service_count; i++) {
        const struct held_out *drawn = &questions->services[i];
        json_array_append_new(
            list,
            json_pack("{s:i, s:I, s:i, s:I, s:f, s:f, s:f, s:I, s:i, s:f}",
                      "service", i + 1, "wait_ns", (json_int_t)drawn->delay_ns,
                      "calls", drawn->calls, "steps", (json_int_t)drawn->steps,
                      "cpu_ns",
                      (double)drawn->steps * questions->machine.step_ns,
                      "cv_wait", drawn->cv_wait_percent / 100.0, "cv_cpu",
                      drawn->cv_cpu_percent / 100.0, "payload_bytes",
                      (json_int_t)drawn->size_bytes, "connections",
                      drawn->connections, "share", drawn->share));
    }
    return list;
}
