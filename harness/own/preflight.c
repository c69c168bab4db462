/* SPDX-License-Identifier: MIT */
#include "preflight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/load/answer/secret.h"
#include "harness/server/client.h"
#include "models/runtime/base/clock.h"

enum { ANSWERS = 3, SHOWN_BYTES = 120 };

static const int64_t TIMEOUT_NS = INT64_C(10000000000);

/* Answers of one URL. */
struct looked {
    struct client_answer answers[ANSWERS];
    double least_ns;
};

/* Writes the first bytes of a body, without secrets, and as \\xNN what is not
 * printed. Returns text. */
static char *show_body(struct client_answer *answer, char *text, size_t size)
{
    size_t shown = answer->body_size < SHOWN_BYTES ? answer->body_size
                                                   : (size_t)SHOWN_BYTES;
    size_t used = 0;

    secret_hide(answer->body);
    text[0] = '\0';
    for (size_t i = 0; i < shown && used + 5 < size; i++) {
        unsigned char c = (unsigned char)answer->body[i];
        const char *format = c == '\n'                         ? "\\n"
                             : c < ' ' || c > '~' || c == '\\' ? "\\x%02x"
                                                               : "%c";
        used += (size_t)snprintf(text + used, size - used, format, c);
    }
    if (answer->body_size > shown)
        snprintf(text + used, size - used, "...");
    return text;
}

/* How the answer breaks the rule, compared with the first; NULL: it does not.
 */
static const char *fault_of(const struct load_rule *rule,
                            const struct client_answer *first,
                            const struct client_answer *answer, char *why,
                            size_t why_size)
{
    struct load_body body = {answer->body, answer->body_size};
    struct load_body before = {first->body, first->body_size};
    struct load_check *check = NULL;
    struct load_rule found;

    if (rule->kind == RULE_BODY) {
        load_rule_choose((struct load_body[]){before, body}, 2, &found);
        return found.kind == RULE_BODY ? NULL
                                       : "it differs from the first answer";
    }
    const char *idle = load_rule_idle(rule, &body, why, why_size);
    if (idle)
        return idle;
    if (load_check_make(rule, &before, &check) < 0)
        return "out of memory";
    bool right = !check || load_check_body(check, &body, why, why_size);
    load_check_free(check);
    return right ? NULL : why;
}

/* Judges an answer by the rule that is asked for. */
static int try_check(const struct load_rule *rule, const char *path,
                     struct looked *looked, int turn, char *why,
                     size_t why_size)
{
    static const char *const turns[ANSWERS] = {"first", "second", "third"};
    struct client_answer *answer = &looked->answers[turn];
    char body[4 * SHOWN_BYTES + 8], cause[512];
    const char *fault =
        fault_of(rule, &looked->answers[0], answer, cause, sizeof cause);

    if (!fault)
        return 0;
    snprintf(why, why_size,
             "--check does not hold for the %s answer of %s: %s; the answer "
             "begins \"%s\". %s",
             turns[turn], path, fault, show_body(answer, body, sizeof body),
             rule->kind == RULE_PATTERN
                 ? "Correct the pattern (POSIX, extended), or leave --check "
                   "out: the look then finds the strictest check that holds"
                 : "Leave --check out: the look then finds the strictest check "
                   "that holds");
    return -EPROTO;
}

static int look(const struct subject *subject, int which,
                const struct asking_lines *lines,
                const struct asking_service *service,
                const struct load_rule *rule, struct looked *looked, int turn,
                char *why, size_t why_size)
{
    const struct asking *asking = &subject->target.asking;
    const struct asking_url *url = &asking->urls[which];
    struct client_answer *answer = &looked[which].answers[turn];
    struct load_request request;
    char cause[256] = "out of memory";
    int result =
        asking_request(asking, service, url, lines, &request, why, why_size);

    if (result == 0) {
        int64_t start_ns = clock_now_ns();
        result = client_exchange(service->address, &request, TIMEOUT_NS,
                                 service->stop, answer, cause, sizeof cause);
        if (result < 0)
            snprintf(why, why_size, "%s: %s", url->path, cause);
        double took_ns = (double)(clock_now_ns() - start_ns);
        if (turn == 0 || took_ns < looked[which].least_ns)
            looked[which].least_ns = took_ns;
    }
    if (result == 0 && (answer->status < 200 || answer->status > 299)) {
        snprintf(why, why_size,
                 "%s answered %d in one of its first answers (body \"%.120s\")",
                 url->path, answer->status, secret_hide(answer->body));
        result = -EPROTO;
    }
    if (result == 0 && rule && !request.head)
        result =
            try_check(rule, url->path, &looked[which], turn, why, why_size);
    free((char *)request.bytes);
    return result;
}

static void judge(const struct looked *looked, const struct asking *asking,
                  struct preflight *preflight)
{
    struct load_body bodies[ANSWERS];
    struct load_rule rule;
    int urls = asking->url_count;
    double weights = 0;

    preflight->rule = (struct load_rule){.kind = RULE_BODY};
    for (int i = 0; i < urls; i++) {
        for (int j = 0; j < ANSWERS; j++) {
            const struct client_answer *answer = &looked[i].answers[j];
            bodies[j] = (struct load_body){answer->body, answer->body_size};
            preflight->closes |= !answer->keep_alive;
            preflight->answers++;
        }
        weights += asking->urls[i].weight;
        preflight->least_ns += asking->urls[i].weight * looked[i].least_ns;
        load_rule_choose(bodies, ANSWERS, &rule);
        if (bodies[0].size > CHECK_BODY_MAX)
            rule = (struct load_rule){.kind = RULE_STATUS};
        load_rule_widen(&preflight->rule, &rule);
    }
    preflight->least_ns /= weights;
}

int preflight_look(const struct subject *subject, const char *check,
                   const volatile sig_atomic_t *stop,
                   struct preflight *preflight, char *why, size_t why_size)
{
    const struct asking *asking = &subject->target.asking;
    struct asking_service service = {.name = "the service",
                                     .home = subject->target.home,
                                     .address = &subject->address.v4,
                                     .timeout_ns = TIMEOUT_NS,
                                     .stop = stop};
    struct looked *looked = calloc(ASKING_URLS_MAX, sizeof *looked);
    struct asking_lines lines = {0};
    struct load_rule rule;

    *preflight = (struct preflight){.closes = false};
    if (!looked) {
        snprintf(why, why_size, "out of memory");
        return -ENOMEM;
    }
    int result = check ? load_rule_parse(check, &rule, why, why_size) : 0;
    if (result == 0)
        result = asking_log_in(asking, &service, &lines, why, why_size);
    for (int j = 0; j < ANSWERS && result == 0; j++) {
        if (j == ANSWERS - 1)
            nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 50000000},
                      NULL);
        if (*stop != 0)
            result = -EINTR;
        for (int i = 0; i < asking->url_count && result == 0; i++)
            result = look(subject, i, &lines, &service, check ? &rule : NULL,
                          looked, j, why, why_size);
    }
    if (result == 0)
        judge(looked, asking, preflight);
    snprintf(preflight->token_from, sizeof preflight->token_from, "%s",
             lines.token_from);
    for (int i = 0; i < ASKING_URLS_MAX; i++)
        for (int j = 0; j < ANSWERS; j++)
            client_answer_free(&looked[i].answers[j]);
    free(looked);
    asking_lines_free(&lines);
    return result;
}
