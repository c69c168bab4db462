/* SPDX-License-Identifier: MIT
 *
 * Requests of several URLs follow one another as evenly as their weights allow:
 * each time the URL is due that lags most behind its share (the smooth weighted
 * round robin of nginx's upstreams).
 */
#include "asking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "harness/load/answer/secret.h"
#include "harness/load/answers.h"

enum { FILE_MAX = 64 << 20 };

static int fail(int error, char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return error;
}

bool asking_is_method(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    return length > 0 && text[length] == '\0' && length < ASKING_METHOD_MAX &&
           strcmp(text, "CONNECT") != 0;
}

int asking_take_url(const char *text, struct asking_url *url, char *why,
                    size_t why_size)
{
    size_t word = strcspn(text, " \t");
    char *end;

    *url = (struct asking_url){.weight = 1};
    if (*text != '/' && text[word] != '\0') {
        snprintf(url->method, sizeof url->method, "%.*s", (int)word, text);
        if (word >= sizeof url->method || !asking_is_method(url->method))
            return fail(-EINVAL, why, why_size,
                        "begins with no method; they are in capitals: GET, "
                        "HEAD, POST, PUT, PATCH, DELETE");
        text += word + strspn(text + word, " \t");
        word = strcspn(text, " \t");
    }
    if (*text != '/')
        return fail(-EINVAL, why, why_size, "has no path that begins with /");
    if (word >= sizeof url->path)
        return fail(-EINVAL, why, why_size, "has a path over 1,023 bytes");
    for (size_t i = 0; i < word; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return fail(-EINVAL, why, why_size,
                        "has blanks or non-ASCII characters, which must be "
                        "written %XX");
    memcpy(url->path, text, word);
    text += word + strspn(text + word, " \t");
    if (*text == '\0')
        return 0;
    long weight = strtol(text, &end, 10);
    if (*end != '\0' || weight < 1 || weight > ASKING_WEIGHTS_MAX)
        return fail(-EINVAL, why, why_size,
                    "ends in no weight from 1 to 100; blanks in a URL must be "
                    "written %20");
    url->weight = (int)weight;
    return 0;
}

/* Copies the next of the lines that " | " parts. Returns what follows, or NULL
 * after the last. */
static const char *next_line(const char *headers, char *line, size_t size)
{
    const char *end = strstr(headers, " | ");
    size_t length = end ? (size_t)(end - headers) : strlen(headers);

    snprintf(line, size, "%.*s", (int)length, headers);
    return end ? end + 3 : NULL;
}

const char *asking_headers_fault(const char *headers)
{
    char line[ASKING_TEXT_MAX];
    int count = 0;

    while (headers && *headers) {
        headers = next_line(headers, line, sizeof line);
        const char *fault = load_target_header_fault(line);
        if (fault)
            return fault;
        if (++count > ASKING_LINES_MAX)
            return "are more than 16 header lines";
    }
    return NULL;
}

const char *asking_token_fault(const char *token)
{
    struct load_rule rule;
    char text[160], why[128];

    snprintf(text, sizeof text, "ignore %s", token);
    if ((!strncmp(token, "header ", 7) || !strncmp(token, "cookie ", 7)) &&
        token[7] && !strpbrk(token + 7, " \t:;="))
        return NULL;
    if (*token == '$' && load_rule_parse(text, &rule, why, sizeof why) == 0 &&
        rule.path_count == 1)
        return NULL;
    return "is no place of a token; there is $.member, header NAME, cookie "
           "NAME";
}

/* Writes `text` with its variables and the token filled in. Returns 0, or
 * -EINVAL with a sentence. */
static int fill(const char *text, const char *token, FILE *out, char *why,
                size_t why_size)
{
    char name[128];

    while (*text) {
        size_t length = strspn(text + (strncmp(text, "{env:", 5) ? 0 : 5),
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (token && !strncmp(text, "{token}", 7)) {
            secret_note(token);
            fputs(token, out);
            text += 7;
        } else if (!strncmp(text, "{env:", 5) && length > 0 &&
                   length < sizeof name && text[5 + length] == '}') {
            snprintf(name, sizeof name, "%.*s", (int)length, text + 5);
            if (!getenv(name)) {
                snprintf(why, why_size,
                         "{env:%s}: there is no such variable in the "
                         "environment: export %s=...",
                         name, name);
                return -EINVAL;
            }
            secret_note(getenv(name));
            fputs(getenv(name), out);
            text += length + 6;
        } else if (!strncmp(text, "{env:", 5)) {
            /* Most often of {env:$NAME}, which a shell left empty. */
            snprintf(why, why_size,
                     "%.40s: {env:NAME} wants the name of a variable, of "
                     "letters, digits and _",
                     text);
            return -EINVAL;
        } else {
            fputc(*text++, out);
        }
    }
    return 0;
}

/* As fill, into memory that the caller frees. */
static int filled(const char *text, const char *token, char **out, size_t *size,
                  char *why, size_t why_size)
{
    FILE *stream = open_memstream(out, size);

    if (!stream)
        return fail(-ENOMEM, why, why_size, "out of memory");
    int result = fill(text, token, stream, why, why_size);
    if (fclose(stream) != 0 && result == 0)
        result = fail(-ENOMEM, why, why_size, "out of memory");
    return result;
}

bool asking_lacks_variable(const struct asking *asking, char *why,
                           size_t why_size)
{
    const char *const texts[] = {asking->headers, asking->send,
                                 asking->login_send};
    bool lacks = false;

    for (size_t i = 0; i < sizeof texts / sizeof *texts && !lacks; i++) {
        char *text = NULL;
        size_t size;

        lacks = filled(texts[i], NULL, &text, &size, why, why_size) == -EINVAL;
        free(text);
    }
    return lacks;
}

static int read_body(const struct asking *asking, const char *home, char **out,
                     size_t *size, char *why, size_t why_size)
{
    char path[1200], part[16384];
    size_t count;

    snprintf(path, sizeof path, "%s%s%s",
             asking->send_file[0] == '/' ? "" : home,
             asking->send_file[0] == '/' ? "" : "/", asking->send_file);
    FILE *file = fopen(path, "re"), *memory = open_memstream(out, size);
    int result = file && memory ? 0 : -errno;
    while (result == 0 && (count = fread(part, 1, sizeof part, file)) > 0) {
        fwrite(part, 1, count, memory);
        if (ftell(memory) > FILE_MAX)
            result = -EFBIG;
    }
    if (result == 0 && ferror(file))
        result = -errno;
    if (file)
        fclose(file);
    if (memory && fclose(memory) != 0 && result == 0)
        result = -ENOMEM;
    if (result < 0)
        snprintf(why, why_size, "the requests' body %s cannot be read: %s",
                 path, strerror(-result));
    return result;
}

static bool takes_body(const char *method)
{
    return !strcmp(method, "POST") || !strcmp(method, "PUT") ||
           !strcmp(method, "PATCH");
}

/* Formats a request. The type of a body that looks like JSON or a form is said,
 * unless a line says it. */
static int format(const struct asking *asking, const char *method,
                  const char *path, const char *const *lines, const char *body,
                  size_t body_size, struct load_request *request)
{
    const char *all[ASKING_LINES_MAX + 4] = {NULL};
    bool typed = false;
    int count = 0;
    struct load_target *target = calloc(1, sizeof *target);

    if (!target)
        return -ENOMEM;
    for (; lines && lines[count]; count++) {
        all[count] = lines[count];
        typed |= load_target_header_is(lines[count], "Content-Type");
    }
    if (body && body_size > 0 && !typed)
        all[count] = *body == '{' || *body == '['
                         ? "Content-Type: application/json"
                         : "Content-Type: application/x-www-form-urlencoded";
    snprintf(target->host, sizeof target->host, "%s",
             asking->host[0] ? asking->host : "127.0.0.1");
    snprintf(target->path, sizeof target->path, "%s", path);
    target->port = asking->port > 0 ? asking->port : 80;
    struct load_asked asked = {
        .method = method, .headers = all, .body = body, .body_size = body_size};
    request->head = !strcmp(method, "HEAD");
    request->unsafe = !load_target_idempotent(method);
    request->bytes = load_target_request(target, &asked, &request->size);
    free(target);
    return request->bytes ? 0 : -ENOMEM;
}

int asking_request(const struct asking *asking,
                   const struct asking_service *service,
                   const struct asking_url *url,
                   const struct asking_lines *lines,
                   struct load_request *request, char *why, size_t why_size)
{
    bool has_body = asking->send[0] || asking->send_file[0];
    const char *method = url->method[0]      ? url->method
                         : asking->method[0] ? asking->method
                         : has_body          ? "POST"
                                             : "GET";
    char *body = NULL;
    size_t size = 0;
    int result = 0;

    *request = (struct load_request){0};
    if (takes_body(method) && asking->send_file[0])
        result = read_body(asking, service->home, &body, &size, why, why_size);
    else if (takes_body(method) && asking->send[0])
        result = filled(asking->send, NULL, &body, &size, why, why_size);
    if (result == 0 && format(asking, method, url->path, lines->lines, body,
                              size, request) < 0)
        result = fail(-ENOMEM, why, why_size, "out of memory");
    free(body);
    return result;
}

/* A token goes into a header line, and must stay in it. */
static bool is_token(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            return false;
    return true;
}

static bool take_token(const char *bytes, size_t size, const char *place,
                       char *token, size_t token_size, char *from,
                       size_t from_size)
{
    if (size == 0 || size >= token_size)
        return false;
    memcpy(token, bytes, size);
    token[size] = '\0';
    snprintf(from, from_size, "%s", place);
    return is_token(token);
}

/* Finds a cookie by its name, or the first if that is "". */
static bool find_cookie(const struct client_answer *answer, const char *name,
                        char *token, size_t token_size, char *from,
                        size_t from_size)
{
    const char *at = answer->head, *value;
    size_t length = strlen(name), size;
    char place[128];

    while ((size = client_field(at, "Set-Cookie", &value)) > 0) {
        size_t equal = strcspn(value, "=");
        size_t end = strcspn(value, ";\r\n");
        if (equal < end && (length == 0 || (equal == length &&
                                            !strncmp(value, name, length)))) {
            snprintf(place, sizeof place, "cookie %.*s", (int)equal, value);
            return take_token(value + equal + 1, end - equal - 1, place, token,
                              token_size, from, from_size);
        }
        at = value + size;
    }
    return false;
}

static bool find_at(const struct client_answer *answer, const char *place,
                    char *token, size_t token_size, char *from,
                    size_t from_size)
{
    struct load_body body = {answer->body, answer->body_size};
    const char *value;

    if (!strncmp(place, "header ", 7)) {
        size_t size = client_field(answer->head, place + 7, &value);
        return take_token(value, size, place, token, token_size, from,
                          from_size);
    }
    if (!strncmp(place, "cookie ", 7))
        return find_cookie(answer, place + 7, token, token_size, from,
                           from_size);
    snprintf(from, from_size, "%s", place);
    return load_check_member(&body, place, token, token_size) &&
           is_token(token);
}

static bool find_token(const struct asking *asking,
                       const struct client_answer *answer, char *token,
                       size_t size, char *from, size_t from_size)
{
    static const char *const usual[] = {
        "$.token", "$.access_token",       "$.accessToken", "$.id_token",
        "$.jwt",   "header Authorization", "cookie ",       NULL};

    if (asking->token[0])
        return find_at(answer, asking->token, token, size, from, from_size);
    for (int i = 0; usual[i]; i++)
        if (find_at(answer, usual[i], token, size, from, from_size))
            return true;
    return false;
}

static int log_in(const struct asking *asking,
                  const struct asking_service *service, char *token,
                  size_t size, char *from, size_t from_size, char *why,
                  size_t why_size)
{
    const struct asking_url *url = &asking->login;
    struct load_request request = {0};
    struct client_answer answer = {0};
    char *body = NULL, cause[256] = "out of memory";
    size_t body_size = 0;
    int result =
        filled(asking->login_send, NULL, &body, &body_size, why, why_size);

    if (result < 0) {
        free(body);
        return result;
    }
    result = format(asking, url->method[0] ? url->method : "POST", url->path,
                    NULL, body, body_size, &request);
    if (result == 0)
        result =
            client_exchange(service->address, &request, service->timeout_ns,
                            service->stop, &answer, cause, sizeof cause);
    free((char *)request.bytes);
    free(body);
    if (result < 0)
        snprintf(why, why_size, "the login %s failed: %s", url->path, cause);
    else if (answer.status >= 400)
        snprintf(why, why_size, "the login %s answered %d (body \"%.120s\")",
                 url->path, answer.status, secret_hide(answer.body));
    else if (!find_token(asking, &answer, token, size, from, from_size))
        snprintf(why, why_size,
                 "the login %s answered %d, but there is no %s in it (body "
                 "\"%.120s\"); say where the token is: token = $.member, "
                 "header NAME or cookie NAME",
                 url->path, answer.status,
                 asking->token[0] ? asking->token : "token that is known",
                 secret_hide(answer.body));
    else
        why[0] = '\0';
    client_answer_free(&answer);
    return result < 0 ? result : why[0] ? -EPROTO : 0;
}

/* The line that carries a token for which no line has {token}. */
static void add_line(const char *from, FILE *out)
{
    if (!strncmp(from, "cookie ", 7))
        fprintf(out, "Cookie: %s={token}", from + 7);
    else if (!strncmp(from, "header ", 7))
        fprintf(out, "%s: {token}", from + 7);
    else
        fputs("Authorization: Bearer {token}", out);
}

int asking_log_in(const struct asking *asking,
                  const struct asking_service *service,
                  struct asking_lines *lines, char *why, size_t why_size)
{
    enum { TOKEN_MAX = 8192 };
    char *token = calloc(1, TOKEN_MAX), *all = NULL, *line;
    size_t size;
    int result = token ? 0 : fail(-ENOMEM, why, why_size, "out of memory");
    bool logs_in = asking->login.path[0] != '\0';

    *lines = (struct asking_lines){0};
    if (result == 0 && logs_in)
        result = log_in(asking, service, token, TOKEN_MAX, lines->token_from,
                        sizeof lines->token_from, why, why_size);
    FILE *stream = result == 0 ? open_memstream(&all, &size) : NULL;
    if (stream) {
        fputs(asking->headers, stream);
        if (logs_in && !strstr(asking->headers, "{token}")) {
            fputs(asking->headers[0] ? " | " : "", stream);
            add_line(lines->token_from, stream);
        }
        fclose(stream);
    }
    if (result == 0)
        result = all ? filled(all, logs_in ? token : NULL, &lines->text, &size,
                              why, why_size)
                     : fail(-ENOMEM, why, why_size, "out of memory");
    line = result == 0 && lines->text[0] ? lines->text : NULL;
    for (int i = 0; line && i < ASKING_LINES_MAX + 2; i++) {
        char *end = strstr(line, " | ");
        lines->lines[i] = line;
        if (end)
            *end = '\0';
        if (load_target_header_fault(line)) {
            result = fail(-EINVAL, why, why_size,
                          "a header line is none any more once its variables "
                          "are filled in: a value has a line break or \" | \"");
            break;
        }
        line = end ? end + 3 : NULL;
    }
    free(all);
    free(token);
    return result;
}

void asking_lines_free(struct asking_lines *lines)
{
    free(lines->text);
    *lines = (struct asking_lines){0};
}

/* What a status other than 200 to 299 asks for, or "". */
static const char *hint_for(int status)
{
    switch (status) {
    case 401:
    case 403:
        return ": it needs a token: headers = Authorization: Bearer ..., or "
               "login = /path (-H, --login)";
    case 404:
        return ": is the path right?";
    case 405:
        return ": it wants another method (-m)";
    case 400:
    case 415:
    case 422:
        return ": is the body right? (--body, -H 'Content-Type: ...')";
    case 429:
        return ": the service limits the rate; lift its limit";
    default:
        return status == 304
                   ? ": a copy is held to be known; leave its header out (-H)"
               : status >= 300 && status < 400
                   ? ": give the URL that it redirects to"
               : status >= 500 ? ": the service itself fails; its log says why"
                               : "";
    }
}

/* Asks for a URL and makes its answer what others are compared with. */
static int learn(const struct asking *asking,
                 const struct asking_service *service, const char *path,
                 struct load_request *request, char *why, size_t why_size)
{
    struct client_answer answer = {0};
    char cause[512] = "out of memory";
    int result = client_exchange(service->address, request, service->timeout_ns,
                                 service->stop, &answer, cause, sizeof cause);
    struct load_body body = {answer.body, answer.body_size};
    const struct load_rule *rule = &asking->check;

    if (result == 0 && (answer.status < 200 || answer.status > 299)) {
        snprintf(cause, sizeof cause,
                 "its status is %d, not 200 to 299%s (body \"%.120s\")",
                 answer.status, hint_for(answer.status),
                 secret_hide(answer.body));
        result = -EPROTO;
    } else if (result == 0 && answer.body_size > CHECK_BODY_MAX &&
               rule->kind != RULE_STATUS) {
        snprintf(cause, sizeof cause,
                 "its body is longer than 1 MiB: check = status");
        result = -EPROTO;
    }
    if (result == 0)
        result = load_check_make(rule, &body, &request->check);
    if (result == 0 && rule->kind == RULE_BODY && !request->head) {
        request->body = answer.body;
        request->body_size = answer.body_size;
        answer.body = NULL;
    }
    if (result < 0)
        snprintf(why, why_size,
                 "the first answer of %s to %.*s %.200s %s: %s (try it with "
                 "curl -i)",
                 service->name, (int)strcspn(request->bytes, " "),
                 request->bytes, path,
                 rule->kind == RULE_STATUS
                     ? "is no good"
                     : "cannot be what the others are compared with",
                 cause);
    client_answer_free(&answer);
    return result;
}

/* Makes one request, with what is expected of its answer. */
static int make(const struct asking *asking,
                const struct asking_service *service,
                const struct asking_url *url, const struct asking_lines *lines,
                struct load_request *request, char *why, size_t why_size)
{
    int result =
        asking_request(asking, service, url, lines, request, why, why_size);

    if (result < 0 || request->head || !asking->has_expected)
        return result < 0
                   ? result
                   : learn(asking, service, url->path, request, why, why_size);
    request->body = strdup(asking->expected);
    request->body_size = strlen(asking->expected);
    return request->body ? 0 : fail(-ENOMEM, why, why_size, "out of memory");
}

static int copy(const struct load_request *from, struct load_request *to)
{
    char *bytes = malloc(from->size);
    char *body = from->body ? malloc(from->body_size + 1) : NULL;

    *to = *from;
    to->bytes = bytes;
    to->body = body;
    to->check = load_check_share(from->check);
    if (!bytes || (from->body && !body))
        return -ENOMEM;
    memcpy(bytes, from->bytes, from->size);
    if (body)
        memcpy(body, from->body, from->body_size);
    return 0;
}

/* Puts `sum` requests in order. */
static int order(const struct asking *asking, const struct load_request *made,
                 int sum, struct load_request *requests)
{
    int lag[ASKING_URLS_MAX] = {0}, result = 0;

    for (int n = 0; n < sum && result == 0; n++) {
        int most = 0;
        for (int i = 0; i < asking->url_count; i++) {
            lag[i] += asking->urls[i].weight;
            most = lag[i] > lag[most] ? i : most;
        }
        lag[most] -= sum;
        result = copy(&made[most], &requests[n]);
    }
    return result;
}

int asking_open(const struct asking *asking,
                const struct asking_service *service,
                struct load_request **requests, int *count, char *why,
                size_t why_size)
{
    struct load_request *made = calloc(ASKING_URLS_MAX, sizeof *made);
    struct asking_lines lines;
    int sum = 0;

    *requests = NULL;
    *count = 0;
    if (!made)
        return fail(-ENOMEM, why, why_size, "out of memory");
    int result = asking_log_in(asking, service, &lines, why, why_size);
    for (int i = 0; i < asking->url_count && result == 0; i++) {
        sum += asking->urls[i].weight;
        result = make(asking, service, &asking->urls[i], &lines, &made[i], why,
                      why_size);
    }
    struct load_request *all =
        result == 0 ? calloc((size_t)sum, sizeof *all) : NULL;
    if (all && order(asking, made, sum, all) < 0) {
        answers_free(all, sum);
        all = NULL;
    }
    if (result == 0 && !all)
        result = fail(-ENOMEM, why, why_size, "out of memory");
    *requests = all;
    *count = all ? sum : 0;
    answers_free(made, ASKING_URLS_MAX);
    asking_lines_free(&lines);
    return result;
}
