/* SPDX-License-Identifier: MIT
 *
 * Members are named by their path from the top, $.items[*].id. Two bodies are
 * compared member by member, so that the first difference has a name. Arrays of
 * different lengths and objects with different keys differ as a whole.
 *
 * A path is written with letters, digits, _ and - alone, since a rule must fit
 * a line of an .ini file; a member of another name differs as a part of the
 * object that holds it.
 */
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

struct load_check {
    int users;
    struct load_rule rule;
    regex_t pattern;
    json_t *first; /* NULL: `bytes` are compared */
    char *bytes;
    size_t size;
};

static int refuse(char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return -EINVAL;
}

/* The size of the step of a path at `text`: .NAME, [*] or [N]; 0: none. */
static size_t step_size(const char *text)
{
    size_t size = 1;

    if (*text == '.') {
        while (isalnum((unsigned char)text[size]) ||
               (text[size] && strchr("_-", text[size])))
            size++;
        return size > 1 ? size : 0;
    }
    if (*text != '[')
        return 0;
    size += text[1] == '*' ? 1 : strspn(text + 1, "0123456789");
    return size > 1 && text[size] == ']' ? size + 1 : 0;
}

static bool is_path(const char *text)
{
    size_t size;

    if (*text++ != '$' || *text == '\0')
        return false;
    while ((size = step_size(text)) > 0)
        text += size;
    return *text == '\0';
}

static int take_paths(const char *text, struct load_rule *rule, char *why,
                      size_t why_size)
{
    static const char form[] = "names no member of JSON: a path is $.at or "
                               "$.items[*].id, with commas between";
    while (*text) {
        size_t length = strcspn(text, ", \t");
        if (rule->path_count == CHECK_PATHS_MAX)
            return refuse(why, why_size, "names more than 16 members");
        char *path = rule->paths[rule->path_count++];
        if (length >= CHECK_PATH_MAX)
            return refuse(why, why_size, "has a path over 95 bytes");
        memcpy(path, text, length);
        path[length] = '\0';
        if (!is_path(path))
            return refuse(why, why_size, form);
        text += length;
        text += strspn(text, ", \t");
    }
    return rule->path_count > 0 ? 0 : refuse(why, why_size, form);
}

static int take_pattern(const char *text, struct load_rule *rule, char *why,
                        size_t why_size)
{
    char fault[128];
    regex_t pattern;

    if (*text == '\0' || strlen(text) >= sizeof rule->pattern)
        return refuse(why, why_size,
                      "needs a pattern of 1 to 511 bytes: ~\"price\": ?[0-9]+");
    strcpy(rule->pattern, text);
    int error = regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB);
    if (error == 0) {
        regfree(&pattern);
        return 0;
    }
    regerror(error, NULL, fault, sizeof fault);
    snprintf(why, why_size, "is no pattern: %s", fault);
    return -EINVAL;
}

int load_rule_parse(const char *text, struct load_rule *rule, char *why,
                    size_t why_size)
{
    *rule = (struct load_rule){.kind = RULE_BODY};
    if (!strcmp(text, "body"))
        return 0;
    if (!strcmp(text, "status")) {
        rule->kind = RULE_STATUS;
        return 0;
    }
    if (*text == '~') {
        rule->kind = RULE_PATTERN;
        return take_pattern(text + 1, rule, why, why_size);
    }
    if (!strncmp(text, "ignore", 6) && (text[6] == ' ' || text[6] == '\t')) {
        rule->kind = RULE_IGNORE;
        return take_paths(text + 7 + strspn(text + 7, " \t"), rule, why,
                          why_size);
    }
    return refuse(why, why_size,
                  "is no check; there is body, status, ~REGEX, and ignore "
                  "$.member, $.items[*].member");
}

char *load_rule_text(const struct load_rule *rule, char *text, size_t size)
{
    size_t used = 0;

    if (rule->kind == RULE_PATTERN)
        snprintf(text, size, "~%s", rule->pattern);
    else
        snprintf(text, size, "%s",
                 rule->kind == RULE_BODY     ? "body"
                 : rule->kind == RULE_STATUS ? "status"
                                             : "ignore");
    for (int i = 0; rule->kind == RULE_IGNORE && i < rule->path_count; i++) {
        used = strlen(text);
        snprintf(text + used, size - used, "%s %s", i > 0 ? "," : "",
                 rule->paths[i]);
    }
    return text;
}

static json_t *parse(const struct load_body *body)
{
    return json_loadb(body->bytes ? body->bytes : "", body->size,
                      JSON_DECODE_ANY, NULL);
}

/* Replaces what the rest of a path names by null, wherever it is. */
static void blank(json_t *at, const char *path)
{
    size_t size = step_size(path), i;
    bool last = path[size] == '\0';
    char name[CHECK_PATH_MAX];
    json_t *member;

    if (*path == '.' && json_is_object(at)) {
        snprintf(name, sizeof name, "%.*s", (int)size - 1, path + 1);
        member = json_object_get(at, name);
        if (member && last)
            json_object_set_new(at, name, json_null());
        else if (member)
            blank(member, path + size);
    }
    if (*path != '[' || !json_is_array(at))
        return;
    for (i = 0; i < json_array_size(at); i++) {
        if (path[1] != '*' && strtoul(path + 1, NULL, 10) != i)
            continue;
        if (last)
            json_array_set_new(at, i, json_null());
        else
            blank(json_array_get(at, i), path + size);
    }
}

/* Where two values are compared. */
struct place {
    char path[CHECK_PATH_MAX];
    /* Called with the path of a difference. Returns whether to look on. */
    bool (*found)(struct place *place, const json_t *was, const json_t *is);
    void *context;
};

/* Extends the path, or returns false if it would not be one. */
static bool enter(struct place *place, size_t used, const char *step)
{
    return snprintf(place->path + used, CHECK_PATH_MAX - used, "%s", step) <
               (int)(CHECK_PATH_MAX - used) &&
           step_size(step) == strlen(step);
}

static bool differ(struct place *place, const json_t *was, const json_t *is);

/* Whether both have the same keys, and all of them can stand in a path. */
static bool alike(struct place *place, const json_t *was, const json_t *is)
{
    size_t used = strlen(place->path);
    bool same = json_object_size(was) == json_object_size(is);
    char step[CHECK_PATH_MAX];
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)was, key, value) {
        same = same && json_object_get(is, key);
        if (same && !json_equal(value, json_object_get(is, key))) {
            same = snprintf(step, sizeof step, ".%s", key) < (int)sizeof step &&
                   enter(place, used, step);
            place->path[used] = '\0';
        }
    }
    return same;
}

/* Reports the differences of two objects. Returns whether to look on. */
static bool differ_object(struct place *place, const json_t *was,
                          const json_t *is)
{
    size_t used = strlen(place->path);
    const char *key;
    json_t *value;
    bool on = true;

    if (!alike(place, was, is))
        return place->found(place, was, is);
    json_object_foreach ((json_t *)was, key, value) {
        char step[CHECK_PATH_MAX];
        snprintf(step, sizeof step, ".%s", key);
        if (!on || json_equal(value, json_object_get(is, key)))
            continue;
        enter(place, used, step);
        on = differ(place, value, json_object_get(is, key));
        place->path[used] = '\0';
    }
    return on;
}

static bool differ(struct place *place, const json_t *was, const json_t *is)
{
    size_t used = strlen(place->path);
    bool on = true;

    if (json_is_object(was) && json_is_object(is))
        return differ_object(place, was, is);
    if (!json_is_array(was) || json_array_size(was) != json_array_size(is) ||
        !json_is_array(is) || !enter(place, used, "[*]")) {
        place->path[used] = '\0';
        return json_equal(was, is) || place->found(place, was, is);
    }
    for (size_t i = 0; on && i < json_array_size(was); i++)
        on = differ(place, json_array_get(was, i), json_array_get(is, i));
    place->path[used] = '\0';
    return on;
}

static void add_path(struct load_rule *rule, const char *path)
{
    for (int i = 0; i < rule->path_count; i++)
        if (!strcmp(rule->paths[i], path))
            return;
    /* What differs as a whole, or in too many places, has no better check. */
    if (!is_path(path) || rule->path_count == CHECK_PATHS_MAX)
        rule->kind = RULE_STATUS;
    else
        strcpy(rule->paths[rule->path_count++], path);
}

static bool note(struct place *place, const json_t *was, const json_t *is)
{
    struct load_rule *rule = place->context;

    (void)was;
    (void)is;
    add_path(rule, place->path);
    return rule->kind == RULE_IGNORE;
}

void load_rule_choose(const struct load_body *bodies, int count,
                      struct load_rule *rule)
{
    bool same = true;

    *rule = (struct load_rule){.kind = RULE_BODY};
    for (int i = 1; i < count; i++)
        same &= bodies[i].size == bodies[0].size &&
                (bodies[0].size == 0 ||
                 !memcmp(bodies[i].bytes, bodies[0].bytes, bodies[0].size));
    if (same)
        return;
    json_t *first = bodies[0].size <= CHECK_BODY_MAX ? parse(&bodies[0]) : NULL;
    rule->kind = first ? RULE_IGNORE : RULE_STATUS;
    for (int i = 1; i < count && rule->kind == RULE_IGNORE; i++) {
        struct place place = {"$", note, rule};
        json_t *other =
            bodies[i].size <= CHECK_BODY_MAX ? parse(&bodies[i]) : NULL;
        if (other)
            differ(&place, first, other);
        else
            rule->kind = RULE_STATUS;
        json_decref(other);
    }
    /* Equal as JSON, but not as bytes: nothing is left out, and there is no
     * rule for that. */
    if (rule->kind == RULE_IGNORE && rule->path_count == 0)
        rule->kind = RULE_STATUS;
    json_decref(first);
}

void load_rule_widen(struct load_rule *rule, const struct load_rule *other)
{
    if (rule->kind == RULE_STATUS || other->kind == RULE_STATUS) {
        *rule = (struct load_rule){.kind = RULE_STATUS};
        return;
    }
    if (other->kind == RULE_IGNORE)
        rule->kind = RULE_IGNORE;
    for (int i = 0; i < other->path_count && rule->kind == RULE_IGNORE; i++)
        add_path(rule, other->paths[i]);
}

int load_check_make(const struct load_rule *rule, const struct load_body *first,
                    struct load_check **out)
{
    *out = NULL;
    if (rule->kind == RULE_BODY || rule->kind == RULE_STATUS)
        return 0;
    struct load_check *check = calloc(1, sizeof *check);
    if (!check)
        return -ENOMEM;
    check->users = 1;
    check->rule = *rule;
    if (rule->kind == RULE_PATTERN) {
        if (regcomp(&check->pattern, rule->pattern, REG_EXTENDED | REG_NOSUB)) {
            free(check);
            return -ENOMEM;
        }
        *out = check;
        return 0;
    }
    check->first = parse(first);
    for (int i = 0; check->first && i < rule->path_count; i++)
        blank(check->first, rule->paths[i] + 1);
    *out = check;
    if (check->first)
        return 0;
    check->size = first->size;
    check->bytes = malloc(first->size + 1);
    if (!check->bytes) {
        load_check_free(check);
        *out = NULL;
        return -ENOMEM;
    }
    memcpy(check->bytes, first->bytes ? first->bytes : "", first->size);
    return 0;
}

struct load_check *load_check_share(struct load_check *check)
{
    if (check)
        check->users++;
    return check;
}

/* Words for a value, cut short. */
static void word(const json_t *value, char *text, size_t size)
{
    char *all = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    if (all)
        secret_hide(all);
    snprintf(text, size, "%.40s%s", all ? all : "?",
             all && strlen(all) > 40 ? "..." : "");
    free(all);
}

struct said {
    char *why;
    size_t size;
};

static bool say(struct place *place, const json_t *was, const json_t *is)
{
    const struct said *said = place->context;
    char before[64], now[64];

    word(was, before, sizeof before);
    word(is, now, sizeof now);
    snprintf(said->why, said->size, "%s is %s and was %s", place->path, now,
             before);
    return false;
}

static bool check_members(const struct load_check *check,
                          const struct load_body *body, char *why,
                          size_t why_size)
{
    struct said said = {why, why_size};
    struct place place = {"$", say, &said};
    json_t *now = parse(body);

    if (!now) {
        snprintf(why, why_size, "the body is no JSON, and the first one was");
        return false;
    }
    for (int i = 0; i < check->rule.path_count; i++)
        blank(now, check->rule.paths[i] + 1);
    bool same = json_equal(check->first, now);
    if (!same)
        differ(&place, check->first, now);
    json_decref(now);
    return same;
}

bool load_check_body(const struct load_check *check,
                     const struct load_body *body, char *why, size_t why_size)
{
    if (why_size)
        why[0] = '\0';
    if (body->size > CHECK_BODY_MAX) {
        snprintf(why, why_size, "the body is over 1 MiB: check = status");
        return false;
    }
    if (check->rule.kind == RULE_PATTERN) {
        regmatch_t part = {.rm_so = 0, .rm_eo = (regoff_t)body->size};
        bool found = !regexec(&check->pattern, body->bytes ? body->bytes : "",
                              0, &part, REG_STARTEND);
        if (!found)
            snprintf(why, why_size, "the body does not match %.80s",
                     check->rule.pattern);
        return found;
    }
    if (check->first)
        return check_members(check, body, why, why_size);
    bool same =
        body->size == check->size &&
        (body->size == 0 || !memcmp(body->bytes, check->bytes, check->size));
    if (!same)
        snprintf(why, why_size, "the body differs from the first one");
    return same;
}

bool load_check_member(const struct load_body *body, const char *path,
                       char *text, size_t size)
{
    json_t *whole = parse(body), *at = whole;
    char name[CHECK_PATH_MAX], *made = NULL;
    size_t step;

    for (path++; at && (step = step_size(path)) > 0; path += step) {
        snprintf(name, sizeof name, "%.*s", (int)step - 1, path + 1);
        at = *path == '.' ? json_object_get(at, name)
                          : json_array_get(at, strtoul(name, NULL, 10));
    }
    if (at && !json_is_string(at))
        made = json_dumps(at, JSON_ENCODE_ANY);
    const char *value = json_is_string(at) ? json_string_value(at) : made;
    bool fits =
        value && *value && snprintf(text, size, "%s", value) < (int)size;
    free(made);
    json_decref(whole);
    return fits && *path == '\0';
}

/* Whether the rest of a path names something. Of [*] one element is enough,
 * and an empty array, which may have elements in other answers. */
static bool has(const json_t *at, const char *path)
{
    size_t step = step_size(path);
    char name[CHECK_PATH_MAX];

    if (!at || step == 0)
        return at != NULL;
    snprintf(name, sizeof name, "%.*s", (int)step - 1, path + 1);
    if (*path == '.')
        return has(json_object_get(at, name), path + step);
    if (path[1] != '*')
        return has(json_array_get(at, strtoul(name, NULL, 10)), path + step);
    bool found = json_is_array(at) && json_array_size(at) == 0;
    for (size_t i = 0; !found && i < json_array_size(at); i++)
        found = has(json_array_get(at, i), path + step);
    return found;
}

const char *load_rule_idle(const struct load_rule *rule,
                           const struct load_body *body, char *why,
                           size_t why_size)
{
    json_t *json = rule->kind == RULE_IGNORE ? parse(body) : NULL;
    const char *words = NULL;

    if (rule->kind == RULE_IGNORE && !json)
        words = "it is no JSON, of which alone members can be left out";
    for (int i = 0; json && !words && i < rule->path_count; i++)
        if (!has(json, rule->paths[i] + 1)) {
            snprintf(why, why_size, "it has no %s", rule->paths[i]);
            words = why;
        }
    json_decref(json);
    return words;
}

void load_check_free(struct load_check *check)
{
    if (!check || --check->users > 0)
        return;
    if (check->rule.kind == RULE_PATTERN)
        regfree(&check->pattern);
    json_decref(check->first);
    free(check->bytes);
    free(check);
}
