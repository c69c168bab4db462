/* SPDX-License-Identifier: MIT
 *
 * Every row of tests/answers.txt: whole, byte by byte, cut at each place, with
 * and without a known head; of the load's reader and of the check of a fresh
 * server, which must agree. An answer that ends early at any of its bytes is
 * cut off, and nothing else.
 */
#include "harness/load/answer/response.h"
#include "harness/server/client.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINE_MAX_BYTES = 4096, BYTES_MAX = 1 << 20, STEPS = 6 };

static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct row {
    int line;
    char outcome[16], method[8], end[8], words[64];
    char *bytes;
    size_t size;
};

static size_t unescape(const char *text, size_t length, char *bytes)
{
    size_t size = 0;
    for (const char *at = text; at < text + length; at++) {
        unsigned value;
        if (*at != '\\') {
            bytes[size++] = *at;
            continue;
        }
        switch (*++at) {
        case 'r':
            bytes[size++] = '\r';
            break;
        case 'n':
            bytes[size++] = '\n';
            break;
        case 't':
            bytes[size++] = '\t';
            break;
        case 's':
            bytes[size++] = ' ';
            break;
        case 'x':
            sscanf(at + 1, "%2x", &value);
            bytes[size++] = (char)value;
            at += 2;
            break;
        default:
            bytes[size++] = *at;
        }
    }
    return size;
}

/* {what}{times} is repeated. */
static size_t expand(const char *text, char *bytes)
{
    size_t size = 0;
    while (*text) {
        size_t plain = strcspn(text, "{");
        size += unescape(text, plain, bytes + size);
        text += plain;
        if (!*text)
            break;
        size_t length = strcspn(text, "}");
        int times = atoi(text + length + 2);
        for (int i = 0; i < times; i++)
            size += unescape(text + 1, length - 1, bytes + size);
        text = strchr(text + length + 1, '}') + 1;
    }
    return size;
}

static bool next_row(FILE *file, struct row *row)
{
    static char line[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
    for (row->line++; fgets(line, sizeof line, file); row->line++) {
        char *words = strstr(line, " ; ");
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        row->words[0] = '\0';
        if (words) {
            *words = '\0';
            snprintf(row->words, sizeof row->words, "%s", words + 3);
        }
        assert_int_equal(sscanf(line, "%15s %7s %7s %4095s", row->outcome,
                                row->method, row->end, text),
                         4);
        row->size = expand(text, row->bytes);
        return true;
    }
    return false;
}

static enum load_answer expected_of(const struct row *row, bool compared)
{
    if (isdigit((unsigned char)row->outcome[0]))
        return ANSWER_STATUS;
    if (!strcmp(row->outcome, "ok"))
        return ANSWER_OK;
    if (!strcmp(row->outcome, "other"))
        return compared ? ANSWER_WRONG : ANSWER_OK;
    return strcmp(row->outcome, "cut") ? ANSWER_MALFORMED : ANSWER_MORE;
}

static void fail_row(const struct row *row, size_t step, int found)
{
    fail_msg("tests/answers.txt:%d by %zu bytes: %d", row->line, step, found);
}

static enum load_answer feed(struct load_response *response, const char *bytes,
                             size_t size, size_t step, size_t *used)
{
    enum load_answer answer = ANSWER_MORE;
    size_t at = 0;
    while (at < size && answer == ANSWER_MORE) {
        size_t part = size - at < step ? size - at : step;
        char *copy = malloc(part);
        memcpy(copy, bytes + at, part);
        answer = load_response_feed(response, copy, part);
        free(copy);
        at += part;
    }
    *used = at;
    return answer;
}

/* Bytes behind a good answer that come apart from it are the next one's. */
static bool judged_alike(const struct row *row, enum load_answer found,
                         enum load_answer expected, size_t used)
{
    if (found == expected)
        return true;
    return strstr(row->words, "after the answer") && used < row->size &&
           (found == ANSWER_OK || found == ANSWER_WRONG);
}

static void check_words(const struct row *row,
                        const struct load_response *response,
                        enum load_answer answer)
{
    char words[256];
    load_response_words(response, answer, words, sizeof words);
    if (answer == ANSWER_STATUS && !strstr(words, row->outcome))
        fail_msg("tests/answers.txt:%d: %s", row->line, words);
    if (answer == ANSWER_MALFORMED &&
        (!strstr(words, row->words) || strlen(words) < 16))
        fail_msg("tests/answers.txt:%d: %s", row->line, words);
}

static void check(const struct row *row, struct load_reference *reference,
                  size_t step)
{
    struct load_response response = {0};
    size_t used;
    load_response_begin(&response, reference);
    enum load_answer found =
        feed(&response, row->bytes, row->size, step, &used);
    if (found == ANSWER_MORE && strcmp(row->end, "close") == 0)
        found = load_response_end(&response);
    else if (found == ANSWER_MORE)
        fail_row(row, step, found);
    if (!judged_alike(row, found, expected_of(row, reference->request->body),
                      used))
        fail_row(row, step, found);
    if (used == row->size)
        check_words(row, &response, found);
    load_response_drop(&response);
    assert_int_equal(reference->comparing, 0);
}

static struct load_request request_of(const struct row *row, bool compared)
{
    return (struct load_request){.body = compared ? "hello" : NULL,
                                 .body_size = compared ? 5 : 0,
                                 .head = row->method[0] == 'H'};
}

static void check_row(const struct row *row)
{
    for (int compared = 0; compared < 2; compared++) {
        struct load_request request = request_of(row, compared);
        const size_t steps[STEPS] = {1, 2, 3, 7, 61, row->size};
        for (int i = 0; i < STEPS; i++) {
            struct load_reference known = {.request = &request};
            struct load_response first = {0};
            size_t used;
            check(row, &known, steps[i]);
            known = (struct load_reference){.request = &request};
            load_response_begin(&first, &known);
            feed(&first, good, sizeof good - 1, sizeof good - 1, &used);
            load_response_drop(&first);
            check(row, &known, steps[i]);
        }
    }
}

static void each_row(void (*each)(const struct row *row))
{
    FILE *file = fopen("tests/answers.txt", "re");
    struct row row = {.bytes = malloc(BYTES_MAX)};
    int rows = 0;
    assert_non_null(file);
    for (; next_row(file, &row); rows++)
        each(&row);
    assert_true(rows >= 100);
    free(row.bytes);
    fclose(file);
}

static void any_cut_is_judged_alike(void **state)
{
    (void)state;
    each_row(check_row);
}

/* Of a whole answer every shorter part is cut off, or ends a body that has no
 * other end. */
static void check_early_ends(const struct row *row)
{
    struct load_request request = request_of(row, true);
    enum load_answer expected = expected_of(row, true);
    if (row->size > 1000 || expected == ANSWER_MALFORMED)
        return;
    for (size_t size = 0; size < row->size; size++) {
        struct load_reference reference = {.request = &request};
        struct load_response response = {0};
        size_t used;
        load_response_begin(&response, &reference);
        enum load_answer found =
            feed(&response, row->bytes, size, row->size, &used);
        if (found == ANSWER_MORE)
            found = load_response_end(&response);
        bool ended = (found == ANSWER_WRONG || found == ANSWER_OK) &&
                     !strcmp(row->end, "close");
        if (found != ANSWER_MORE && !ended && found != expected)
            fail_row(row, size, found);
        load_response_drop(&response);
    }
}

static void an_early_end_is_no_answer(void **state)
{
    (void)state;
    each_row(check_early_ends);
}

/* One server that answers each connection's first request with a row. */
struct server {
    struct sockaddr_in address;
    int listener;
    const struct row *row;
};

static void *serve(void *argument)
{
    struct server *server = argument;
    int fd = accept(server->listener, NULL, NULL);
    char request[1024];
    if (fd < 0)
        return NULL;
    if (recv(fd, request, sizeof request, 0) > 0) {
        size_t sent = 0;
        while (sent < server->row->size) {
            ssize_t n = send(fd, server->row->bytes + sent,
                             server->row->size - sent, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += (size_t)n;
        }
    }
    /* The client has what it needs, or waits for the end. */
    if (strcmp(server->row->end, "close") != 0)
        while (recv(fd, request, sizeof request, 0) > 0)
            ;
    close(fd);
    return NULL;
}

static struct server server;

static void check_client(const struct row *row)
{
    struct load_request request = request_of(row, true);
    char why[512] = "";
    pthread_t thread;
    request.bytes = request.head ? "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
                                 : "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    request.size = strlen(request.bytes);
    server.row = row;
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    int done = client_check(&server.address, &request, 1, INT64_C(1000000000),
                            INT64_C(20000000000), NULL, why, sizeof why);
    pthread_join(thread, NULL);
    bool fine = expected_of(row, true) == ANSWER_OK;
    if (fine != (done == 1) || done == -ETIMEDOUT)
        fail_msg("tests/answers.txt:%d: %d, %s", row->line, done, why);
    /* A large answer's surplus may come after its end was seen. */
    const char *words = isdigit((unsigned char)row->outcome[0]) ? ""
                        : strcmp(row->outcome, "cut")           ? row->words
                                                                : "cut off";
    if (!fine && !strstr(why, words) && !strstr(why, "wrong answer"))
        fail_msg("tests/answers.txt:%d: %s", row->line, why);
}

static void the_check_of_a_server_agrees(void **state)
{
    (void)state;
    socklen_t size = sizeof server.address;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server.address = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(
        bind(server.listener, (struct sockaddr *)&server.address, size), 0);
    assert_int_equal(listen(server.listener, 16), 0);
    assert_int_equal(
        getsockname(server.listener, (struct sockaddr *)&server.address, &size),
        0);
    each_row(check_client);
    close(server.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_is_judged_alike),
        cmocka_unit_test(an_early_end_is_no_answer),
        cmocka_unit_test(the_check_of_a_server_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
