/* SPDX-License-Identifier: MIT
 *
 * What is asked of a service that is not ours: requests with methods, header
 * lines and a body, several paths by weight, a login before them, and how their
 * answers are checked. The requests are made when the service is up, since a
 * login and the first answers, with which later ones are compared, come from
 * it.
 *
 * In header lines and bodies, {env:NAME} stands for a variable of the
 * environment, so that no secret is in a file, and {token} in header lines for
 * what the login gave.
 */
#pragma once

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/load/load.h"

enum {
    ASKING_URLS_MAX = 16,
    ASKING_WEIGHTS_MAX = 100, /* their sum */
    ASKING_TEXT_MAX = 1024,
    ASKING_METHOD_MAX = 24,
    ASKING_HOST_MAX = 256,
    ASKING_LINES_MAX = 16, /* of headers */
};

struct asking_url {
    char method[ASKING_METHOD_MAX]; /* "": asking's */
    char path[ASKING_TEXT_MAX];     /* with the query; "": none */
    int weight;                     /* 1 or more */
};

struct asking {
    char host[ASKING_HOST_MAX]; /* of the header line Host; "": 127.0.0.1 */
    int port;                   /* of the header line Host; 0: none */
    struct asking_url urls[ASKING_URLS_MAX];
    int url_count;
    char method[ASKING_METHOD_MAX]; /* "": POST with a body, else GET */
    char headers[ASKING_TEXT_MAX];  /* lines with " | " between */
    char send[ASKING_TEXT_MAX];     /* the body of POST, PUT and PATCH; ""; or
                                       from a file: */
    char send_file[512];            /* relative to the folder of the section */
    struct asking_url login;        /* its method is POST if "" */
    char login_send[ASKING_TEXT_MAX];
    char token[128]; /* "$.member", "header NAME", "cookie NAME"; "": found in
                        the login's answer */
    struct load_rule check;
    bool has_expected;
    char expected[ASKING_TEXT_MAX]; /* the body of every answer */
};

/* Reads [METHOD ]/PATH[ WEIGHT]. Returns 0, or -EINVAL with a sentence. */
int asking_take_url(const char *text, struct asking_url *url, char *why,
                    size_t why_size);

/* Whether `text` is a method of RFC 9110 other than CONNECT. */
bool asking_is_method(const char *text);

/* Says in words what is wrong with header lines; NULL: nothing. */
const char *asking_headers_fault(const char *headers);

/* Says in words what is wrong with the place of a token; NULL: nothing. */
const char *asking_token_fault(const char *token);

/* Says in words which {env:NAME} has no variable in the environment. Returns
 * whether there is one. */
bool asking_lacks_variable(const struct asking *asking, char *why,
                           size_t why_size);

/* A service that is up, and how long it may take. */
struct asking_service {
    const char *name; /* for messages */
    const char *home; /* the folder of send_file */
    const struct sockaddr_in *address;
    int64_t timeout_ns;
    const volatile sig_atomic_t *stop; /* or NULL */
};

/* The header lines that a login gives and the variables fill. */
struct asking_lines {
    char *text;
    const char *lines[ASKING_LINES_MAX + 3]; /* ended by NULL */
    char token_from[160]; /* where the token was found; "": no login */
};

/* Logs in, if there is a login, and fills in the header lines. Returns 0, or a
 * negative errno with a sentence: -EPROTO the login's answer is no good.
 * asking_lines_free may be called after any result. */
int asking_log_in(const struct asking *asking,
                  const struct asking_service *service,
                  struct asking_lines *lines, char *why, size_t why_size);
void asking_lines_free(struct asking_lines *lines);

/* Makes the request for one URL, without anything expected of its answer.
 * Returns 0, or a negative errno with a sentence. */
int asking_request(const struct asking *asking,
                   const struct asking_service *service,
                   const struct asking_url *url,
                   const struct asking_lines *lines,
                   struct load_request *request, char *why, size_t why_size);

/* Logs in, asks for each URL once, and makes all requests, in an order in which
 * each URL comes by its weight. Sets *requests, which answers_free releases.
 * Returns 0, or a negative errno with a sentence: -EPROTO a wrong answer. */
int asking_open(const struct asking *asking,
                const struct asking_service *service,
                struct load_request **requests, int *count, char *why,
                size_t why_size);
