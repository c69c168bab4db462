/* SPDX-License-Identifier: MIT
 *
 * A line of an .ini file has at most 198 bytes, and a value goes on in indented
 * lines, which are joined by a blank. So a value is broken where it has single
 * blanks, and what has none for too long is refused, with another way to give
 * it.
 */
#include "asked.h"

#include <errno.h>
#include <string.h>

#define MEMBER(name) .offset = offsetof(struct own_asked, name)

enum { LINE_MOST = 195, VALUE_MOST = 1000 };

static void take_url(char *text, void *into, struct argp_state *state)
{
    struct own_asked *asked = into;

    if (asked->url_count == OWN_URLS_MAX)
        argp_error(state, "--url: at most %d", OWN_URLS_MAX);
    asked->urls[asked->url_count++] = text;
}

static void take_header(char *text, void *into, struct argp_state *state)
{
    struct own_asked *asked = into;

    if (asked->header_count == OWN_HEADERS_MAX)
        argp_error(state, "-H: at most %d", OWN_HEADERS_MAX);
    asked->headers[asked->header_count++] = text;
}

const struct flag own_flags[] = {
    {"url", 0, "URL",
     "what is asked: [METHOD] URL [WEIGHT], as http://HOST:PORT/PATH of a "
     "service that runs already; of one that --command starts its path is "
     "enough; repeatable, by weight",
     FLAG_CALL, .call = take_url, .repeats = true},
    {"path", .alias = true},
    {"command", 0, "COMMAND",
     "starts the service in the foreground; its port is {port}, and in its "
     "environment PORT",
     FLAG_TEXT, MEMBER(command)},
    {"ready", 0, "/PATH",
     "answers 200 once the service can work (it is ready when it accepts a "
     "connection)",
     FLAG_TEXT, MEMBER(ready)},
    {"method", 'm', "METHOD", "of URLs that name none (GET; POST with a body)",
     FLAG_TEXT, MEMBER(method)},
    {"request", 'X', .alias = true},
    {"header", 'H', "LINE",
     "a header line: 'Name: value'; {token} is what --login gave, {env:NAME} a "
     "variable; repeatable",
     FLAG_CALL, .call = take_header, .repeats = true},
    {"body", 0, "TEXT", "the body of POST, PUT and PATCH", FLAG_TEXT,
     MEMBER(body)},
    {"data", .alias = true},
    {"body-file", 0, "FILE", "that body from a file", FLAG_TEXT,
     MEMBER(body_file)},
    {"login", 0, "[METHOD] /PATH",
     "asked once before all else; its answer's token goes into later requests "
     "(POST)",
     FLAG_TEXT, MEMBER(login)},
    {"login-body", 0, "TEXT", "the body of the login", FLAG_TEXT,
     MEMBER(login_body)},
    {"token", 0, "PLACE",
     "in the login's answer: $.member, header NAME, cookie NAME (found by its "
     "usual names)",
     FLAG_TEXT, MEMBER(token)},
    {"check", 0, "CHECK",
     "what every answer must be: body (that of the first), status, ~REGEX, "
     "ignore $.at,$.id (the strictest one that holds for a few answers)",
     FLAG_TEXT, MEMBER(check)},
    {0},
};

bool own_is_asked(int argc, char **argv)
{
    static const char *const names[] = {"--url", "--command", "--path", NULL};

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        for (int j = 0; names[j]; j++) {
            size_t size = strlen(names[j]);
            if (!strncmp(argv[i], names[j], size) &&
                (argv[i][size] == '\0' || argv[i][size] == '='))
                return true;
        }
    return false;
}

/* What a value cannot have in an .ini file, or NULL. */
static const char *odd(const char *value)
{
    if (strlen(value) > VALUE_MOST)
        return "is over 1,000 bytes";
    if (*value == '\0')
        return "is empty";
    if (*value == ' ' || value[strlen(value) - 1] == ' ')
        return "begins or ends in a blank";
    for (const char *at = value; *at; at++) {
        if ((unsigned char)*at < ' ')
            return "has a line break or a control character";
        if ((*at == '#' || *at == ';') && (at == value || at[-1] == ' '))
            return "has # or ; after a blank, which begins a comment";
    }
    return NULL;
}

/* Where to break `text`, which is too long for one line: after a single blank;
 * 0: nowhere. */
static size_t break_at(const char *text, size_t most)
{
    for (size_t i = most; i > 1; i--)
        if (text[i] == ' ' && text[i - 1] != ' ' && text[i + 1] != ' ')
            return i;
    return 0;
}

/* Writes a key. */
static int write_key(FILE *file, const char *key, const char *flag,
                     const char *value, char *why, size_t why_size)
{
    const char *fault = odd(value), *more = "";

    if (!fault)
        fprintf(file, "%s = ", key);
    while (!fault && strlen(value) > LINE_MOST - strlen(key)) {
        size_t end = break_at(value, LINE_MOST - strlen(key));
        if (end == 0) {
            fault = "has a word that is too long for a line of a file";
            break;
        }
        fprintf(file, "%.*s\n    ", (int)end, value);
        value += end + 1;
    }
    if (!fault) {
        fprintf(file, "%s\n", value);
        return 0;
    }
    if (!strcmp(flag, "--body"))
        more = "; put it into a file: --body-file FILE";
    else if (!strcmp(flag, "-H") || !strcmp(flag, "--login-body"))
        more = "; export it as a variable and write {env:NAME}";
    else if (!strcmp(flag, "--command"))
        more = "; put it into a script";
    snprintf(why, why_size, "%s \"%.60s\" %s%s", flag, value, fault, more);
    return -EINVAL;
}

/* All URLs as one value; of a command, they are given the server that is its
 * own. */
static int write_urls(const struct own_asked *asked, FILE *file, char *why,
                      size_t why_size)
{
    static const char *const begin = "http://127.0.0.1:{port}";
    char value[VALUE_MOST + 64] = "";
    size_t used = 0;

    for (int i = 0; i < asked->url_count && used < sizeof value; i++) {
        const char *url = asked->urls[i];
        size_t method = strcspn(url, " ");
        bool bare = *url == '/';

        method = url[method] && !bare && strcspn(url, ":/") > method
                     ? method + 1
                     : 0;
        bare = url[method] == '/';
        used += (size_t)snprintf(
            value + used, sizeof value - used, "%s%.*s%s%s", i > 0 ? ", " : "",
            (int)method, url, bare && i == 0 && asked->command ? begin : "",
            url + method);
    }
    if (asked->url_count == 0)
        snprintf(value, sizeof value, "%s/", begin);
    if (used >= sizeof value) {
        snprintf(why, why_size, "the URLs have over 1,000 bytes together");
        return -EINVAL;
    }
    return write_key(file, "url", "--url", value, why, why_size);
}

static int write_headers(const struct own_asked *asked, FILE *file, char *why,
                         size_t why_size)
{
    char value[VALUE_MOST + 64] = "";
    size_t used = 0;

    for (int i = 0; i < asked->header_count && used < sizeof value; i++) {
        if (strstr(asked->headers[i], " | ")) {
            snprintf(why, why_size,
                     "-H \"%.60s\" has \" | \", which parts header lines",
                     asked->headers[i]);
            return -EINVAL;
        }
        used += (size_t)snprintf(value + used, sizeof value - used, "%s%s",
                                 i > 0 ? " | " : "", asked->headers[i]);
    }
    return used > 0 ? write_key(file, "headers", "-H", value, why, why_size)
                    : 0;
}

int own_section(const struct own_asked *asked, const char *name,
                const char *check, FILE *file, char *why, size_t why_size)
{
    const struct {
        const char *key, *flag, *value;
    } rows[] = {
        {"command", "--command", asked->command},
        {"ready", "--ready", asked->ready},
        {"ready_limit", "--command", asked->command ? "30s" : NULL},
        {"method", "--method", asked->method},
        {"send", "--body", asked->body},
        {"send_file", "--body-file", asked->body_file},
        {"login", "--login", asked->login},
        {"login_send", "--login-body", asked->login_body},
        {"token", "--token", asked->token},
        {"check", "--check", check ? check : asked->check},
    };
    int result;

    fprintf(file, "[target %s]\n", name);
    result = write_urls(asked, file, why, why_size);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && result == 0; i++)
        if (rows[i].value)
            result = write_key(file, rows[i].key, rows[i].flag, rows[i].value,
                               why, why_size);
    return result < 0 ? result : write_headers(asked, file, why, why_size);
}
