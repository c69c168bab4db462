/* SPDX-License-Identifier: MIT
 *
 * A row's key is its letter, or its index plus KEY_FIRST, which is above all
 * letters.
 *
 * argp ends the program inside getopt when a flag is unknown, before any parser
 * sees the word. So a silent parse of a copy of the words comes first: its
 * parser accepts everything known and reports the word that is not. getopt does
 * not say which word an unknown letter stands in, so that one is looked for.
 */
#include "flags.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "models/runtime/base/units.h"
#include "names.h"

enum {
    OPTIONS_MAX = 96, /* rows and habits */
    NAME_SIZE = 64,
    KEY_FIRST = 256,
    KEY_FIRST_HABIT = 1024
};

static const int64_t DAY_NS = INT64_C(86400000000000);

/* What flags_ask and flags_set_owners have set. */
static struct {
    const char *flag;
    void (*told)(const struct flag *row);
    char *(*owners)(const char *flag, char *text, size_t size);
} asked;

struct parsing {
    const struct flags *flags;
    void *into;
    bool seen[OPTIONS_MAX];
};

/* An empty value would be no word of a message. */
static const char *shown(const char *text)
{
    return text[0] != '\0' ? text : "\"\"";
}

static int64_t take_count(const struct flag *flag, const char *text,
                          struct argp_state *state)
{
    int64_t value;
    int result = units_parse(UNIT_COUNT, text, &value);

    if (result == 0 && value >= flag->least && value <= flag->most)
        return value;
    /* The largest number of all would only distract from a wrong word. */
    if (flag->most == INT64_MAX && result == -EINVAL)
        argp_error(state, "--%s %s: give a whole number", flag->name,
                   shown(text));
    argp_error(state, "--%s %s: give a whole number from %lld to %lld%s",
               flag->name, shown(text), (long long)flag->least,
               (long long)flag->most,
               result == -EINVAL && flag->remark ? flag->remark : "");
    return 0;
}

static void take_time(const struct flag *flag, const char *text, int64_t *value,
                      struct argp_state *state)
{
    bool is_time = units_parse(UNIT_NS, text, value) == 0;
    char least[32];

    if (!is_time || *value < flag->least || *value > DAY_NS)
        argp_error(state, "--%s %s: give a time with its unit, %s to 24h%s",
                   flag->name, shown(text),
                   units_format(UNIT_NS, flag->least, least, sizeof least),
                   !is_time && flag->remark ? flag->remark : "");
}

int flags_alternative(const char *alternatives, const char *text)
{
    size_t length = strlen(text);
    int index = 0;

    for (const char *at = alternatives; *at != '\0'; index++) {
        size_t end = strcspn(at, "|");

        if (end == length && !strncmp(at, text, end))
            return index;
        at += end + (at[end] == '|');
    }
    return -1;
}

static int take_choice(const struct flag *flag, const char *text,
                       struct argp_state *state)
{
    int index = flags_alternative(flag->value, text);

    if (index < 0)
        argp_error(state, "--%s is \"%s\"; there is %s", flag->name, text,
                   flag->value);
    return index;
}

static void take(const struct flag *flag, char *text, void *into,
                 struct argp_state *state)
{
    char *member = (char *)into + flag->offset;

    switch (flag->kind) {
    case FLAG_ON:
    case FLAG_OFF:
        *(bool *)member = flag->kind == FLAG_ON;
        break;
    case FLAG_TEXT:
        *(const char **)member = text;
        break;
    case FLAG_INT:
        *(int *)member = (int)take_count(flag, text, state);
        break;
    case FLAG_COUNT:
        *(int64_t *)member = take_count(flag, text, state);
        break;
    case FLAG_TIME:
        take_time(flag, text, (int64_t *)member, state);
        break;
    case FLAG_FORMAT:
        *(bool *)member = take_choice(flag, text, state) == 1;
        break;
    case FLAG_CHOICE:
        *(int *)member = take_choice(flag, text, state);
        break;
    case FLAG_CALL:
        flag->call(text, into, state);
        break;
    }
}

static bool is_row(const struct flag *row)
{
    return row->name || row->letter;
}

static int key_of(const struct flags *flags, int row)
{
    int letter = flags->rows[row].letter;

    return letter != 0 ? letter : KEY_FIRST + row;
}

static bool is_habit(const struct flag_habit *habit)
{
    return habit && (habit->name || habit->letter);
}

static int habit_key(const struct flags *flags, const struct flag_habit *habit)
{
    return habit->letter ? habit->letter
                         : KEY_FIRST_HABIT + (int)(habit - flags->habits);
}

static error_t refuse_habit(const struct flags *flags, int key,
                            struct argp_state *state)
{
    for (const struct flag_habit *habit = flags->habits; is_habit(habit);
         habit++) {
        if (key != habit_key(flags, habit))
            continue;
        char letter[] = {'-', (char)habit->letter, '\0'};

        argp_error(state, "%s%s%s%s: %s", habit->letter ? letter : "",
                   habit->letter && habit->name ? ", " : "",
                   habit->name ? "--" : "", habit->name ? habit->name : "",
                   habit->instead);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* Refuses a flag that is given a second time where the first would be lost. */
static void check_once(struct parsing *parsing, int row,
                       struct argp_state *state)
{
    const struct flag *flag = &parsing->flags->rows[row];

    if (parsing->flags->once && parsing->seen[row] && flag->value &&
        !flag->repeats)
        argp_error(state, "--%s is given twice; give it once", flag->name);
    parsing->seen[row] = true;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    const struct flags *flags = parsing->flags;

    if (key == ARGP_KEY_ARG && flags->word)
        return flags->word(value, parsing->into, state);
    if (key == ARGP_KEY_END && flags->whole)
        return flags->whole(parsing->into, state), 0;
    for (int i = 0; is_row(&flags->rows[i]); i++) {
        if (key != key_of(flags, i))
            continue;
        while (flags->rows[i].alias)
            i--;
        check_once(parsing, i, state);
        if (flags->given)
            flags->given(flags->rows[i].name, parsing->into);
        take(&flags->rows[i], value, parsing->into, state);
        return 0;
    }
    return refuse_habit(flags, key, state);
}

char *flags_suggest(const char *word, const char *const *names, char *text,
                    size_t size)
{
    static char dashed[OPTIONS_MAX][NAME_SIZE];
    const char *known[OPTIONS_MAX + 1] = {NULL};
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    text[0] = '\0';
    for (int i = 0; names[i] && i < OPTIONS_MAX; i++) {
        snprintf(dashed[i], NAME_SIZE, "--%s", names[i]);
        known[i] = dashed[i];
        /* Abbreviated, ambiguous or without its value: getopt reports it. */
        if (!strncmp(dashed[i], name, strlen(name)))
            return text;
    }
    return names_suggest(name, known, text, size);
}

static error_t look(int key, char *value, struct argp_state *state)
{
    const char **bad = state->input;

    (void)value;
    if (key == ARGP_KEY_ERROR && state->next > 0 && state->next <= state->argc)
        *bad = state->argv[state->next - 1];
    return 0;
}

static const struct argp_option *
option_of_letter(const struct argp_option *options, char letter)
{
    for (; options && (options->name || options->key || options->doc);
         options++)
        if (options->key == letter)
            return options;
    return NULL;
}

/* The first letter that is given as a flag, as x in -x or -qx, and is none; or
 * NULL. */
static const char *unknown_letter(const struct argp_option *options, int argc,
                                  char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || word[1] == '-' || word[1] == '\0' ||
            word[1] == '?')
            continue;
        const struct argp_option *option = NULL;
        for (const char *at = word + 1; *at && !(option && option->arg); at++) {
            option = option_of_letter(options, *at);
            if (!option)
                return at;
            /* The next word is its value. */
            i += option->arg && at[1] == '\0';
        }
    }
    return NULL;
}

/* What getopt does not know: --NAME, or the letter of a flag; or NULL. */
static const char *unknown_word(const struct argp_option *options, int argc,
                                char **argv)
{
    const struct argp silent = {.options = options, .parser = look};
    char **words = calloc((size_t)argc + 1, sizeof *words);
    const char *bad = NULL;

    if (!words)
        return NULL;
    memcpy(words, argv, (size_t)argc * sizeof *words);
    bool wrong = argp_parse(&silent, argc, words, ARGP_SILENT, NULL, &bad) != 0;
    free(words);
    if (!wrong)
        return NULL;
    return bad && !strncmp(bad, "--", 2) ? bad
                                         : unknown_letter(options, argc, argv);
}

/* Names that other verbs, or other programs, have for a flag. */
static const struct synonym {
    const char *word, *name;
} synonyms[] = {
    {"-z", "duration"},
    {"--time", "duration"},
    {"--window", "duration"},
    {"--step", "duration"},
    {"-n", "requests"},
    {"--qps", "rate"},
    {"--rps", "rate"},
    {"--concurrency", "connections"},
    {"--clients", "connections"},
    {"--users", "connections"},
    {"-w", "workers"},
    {"--latency", "limit"},
    {"--slo", "limit"},
    {"--limit", "threshold"},
    {"--slo", "threshold"},
    {"--threshold", "limit"},
    {"--repeat", "blocks"},
    {"--repeats", "blocks"},
    {"--results", "output"},
    {"--output-format", "format"},
    {"--model", "models"},
    {"--json", "format"},
    {"--csv", "format"},
    {"--markdown", "format"},
    {"--out", "output"},
    {"--dir", "output"},
    {"--minutes", "budget"},
    {"--max-time", "timeout"},
    {"--timelimit", "duration"},
    {"--url", "target"},
    {"--from", "run"},
    {"--run", "from"},
    {"--stage", "rate"},
    {"--query-per-second", "rate"},
    {"--vus", "connections"},
    {"--iterations", "requests"},
    {"--summary-export", "output"},
    {"--silent", "quiet"},
    {"--only", "models"},
    {"--cpus", "cores"},
    {"--repetitions", "blocks"},
    {"--blocks", "repetitions"},
};

/* Where a verb has no such flag. */
static const struct missing {
    const char *word, *instead;
} missing[] = {
    {"-o", "what it prints goes to standard output, and > FILE keeps it"},
    {"--output", "what it prints goes to standard output, and > FILE keeps it"},
    {"-f", "it prints text alone"},
    {"--format", "it prints text alone"},
    {"--json", "it prints text alone"},
    {"--csv", "it prints text alone"},
    {"--markdown", "it prints text alone"},
    {"-k", "TLS is not supported: give the plain port"},
    {"--insecure", "TLS is not supported: give the plain port"},
    {"--cacert", "TLS is not supported: give the plain port"},
    {"--no-color", "NO_COLOR=1 in the environment does that"},
    {"--ipv4", "give 127.0.0.1 as the host"},
    {"--ipv6", "give [::1] as the host"},
    {"-q", "it prints the result alone; 2>/dev/null hides messages"},
    {"--quiet", "it prints the result alone; 2>/dev/null hides messages"},
    {"-h", "--help lists the flags"},
    {"-V", "troika --version"},
    {"--version", "troika --version"},
};

/* "-o (--output), -q (--quiet)", the letters of the rows. Returns text. */
static char *letters_of(const struct flag *rows, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (; is_row(rows); rows++)
        if (rows->name && rows->letter && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s-%c (--%s)",
                                     used > 0 ? ", " : "", rows->letter,
                                     rows->name);
    return text;
}

/* Whether getopt takes --WORD for an abbreviation. */
static bool begins_one(const char *word, const char *const *names)
{
    for (; *names; names++)
        if (!strncmp(*names, word + 2, strlen(word + 2)))
            return true;
    return false;
}

/* Writes what to give instead of the unknown word; "" if getopt's own message
 * says it. Returns text. */
static char *instead_of(const struct flags *flags, const char *bad,
                        const char *const *names, char *text, size_t size)
{
    char word[NAME_SIZE], letters[256];

    snprintf(word, sizeof word, "%.*s", (int)strcspn(bad, "="), bad);
    text[0] = '\0';
    /* Abbreviated, ambiguous or without its value: getopt reports it. */
    if (bad[1] == '-' && begins_one(word, names))
        return text;
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
        for (const char *const *name = names; *name; name++)
            if (!strcmp(word, synonyms[i].word) &&
                !strcmp(*name, synonyms[i].name)) {
                snprintf(text, size, "; give --%s", *name);
                return text;
            }
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (!strcmp(word, missing[i].word)) {
            snprintf(text, size, "; %s", missing[i].instead);
            return text;
        }
    if (!strncmp(word, "--model", 7) && flags->arguments &&
        strstr(flags->arguments, "MODEL")) {
        snprintf(text, size, "; models are words of their own");
        return text;
    }
    if (bad[1] == '-' && asked.owners) {
        asked.owners(word, letters, sizeof letters);
        if (letters[0] != '\0') {
            snprintf(text, size, "; it is a flag of %s", letters);
            return text;
        }
    }
    if (bad[1] == '-')
        return flags_suggest(bad, names, text, size);
    letters_of(flags->rows, letters, sizeof letters);
    snprintf(text, size, "%s%s",
             letters[0] ? "; the letters are " : "; no flag has a letter",
             letters);
    return text;
}

/* Ends the program at an unknown option, naming the one to give instead. */
static void refuse_unknown(const struct flags *flags,
                           const struct argp_option *options, int argc,
                           char **argv)
{
    const char *names[OPTIONS_MAX + 1] = {NULL};
    char letter[] = "-x";
    const char *bad = unknown_word(options, argc, argv);
    int count = 0;
    char hint[512];

    for (const struct flag *row = flags->rows; is_row(row); row++)
        if (row->name && count < OPTIONS_MAX)
            names[count++] = row->name;
    for (const char *const *name = flags->more;
         name && *name && count < OPTIONS_MAX; name++)
        names[count++] = *name;
    /* Whoever asks for help begins so; to others it is no other flag. */
    if (bad && (count == 0 || !strncmp(bad, "--h", 3)))
        names[count++] = "help";
    if (bad && !strncmp(bad, "--us", 4))
        names[count++] = "usage";
    if (bad && bad[0] != '-') {
        letter[1] = bad[0];
        bad = letter;
    }
    if (!bad || !*instead_of(flags, bad, names, hint, sizeof hint))
        return;
    fprintf(stderr, "%s: unrecognized option '%s'%s (%s --help)\n", argv[0],
            bad, hint, argv[0]);
    exit(EXIT_USAGE);
}

/* Appends the rows of a table to `count` others. Returns how many there are. */
static int append(const struct flag *table, struct flag *rows, int count)
{
    for (; table && is_row(table) && count < OPTIONS_MAX; table++)
        rows[count++] = *table;
    return count;
}

/* Puts the rows that verbs share and the verb's own into one table. */
static void join(const struct flags *flags, struct flag *rows)
{
    int count = append(flags->first, rows, 0);

    rows[append(flags->rows, rows, count)] = (struct flag){0};
}

void flags_ask(const char *flag, void (*told)(const struct flag *row))
{
    asked.flag = flag;
    asked.told = told;
}

void flags_set_owners(char *(*owners)(const char *flag, char *text,
                                      size_t size))
{
    asked.owners = owners;
}

/* The row of a flag, of which aliases are other names; or NULL. */
static const struct flag *row_of(const struct flag *rows, const char *flag)
{
    bool letter = flag[0] == '-' && flag[1] != '-' && flag[1] != '\0';

    for (int i = 0; is_row(&rows[i]); i++) {
        bool found = letter ? rows[i].letter == flag[1] && flag[2] == '\0'
                            : rows[i].name && !strncmp(flag, "--", 2) &&
                                  !strcmp(rows[i].name, flag + 2);
        while (found && rows[i].alias)
            i--;
        if (found)
            return &rows[i];
    }
    return NULL;
}

void flags_parse(const struct flags *given, int argc, char **argv, void *into)
{
    struct flag rows[OPTIONS_MAX + 1];
    struct flags joined = *given;
    const struct flags *flags = &joined;
    struct argp_option options[2 * OPTIONS_MAX + 1] = {{0}};
    struct argp argp = {
        .parser = parse, .args_doc = flags->arguments, .doc = flags->help};
    struct parsing parsing = {.flags = flags, .into = into};
    int count = 0;

    join(given, rows);
    joined.rows = rows;
    if (asked.told)
        asked.told(row_of(rows, asked.flag));
    for (int i = 0; is_row(&flags->rows[i]); i++) {
        const struct flag *row = &flags->rows[i];

        if (row->heading) /* argp begins a new group */
            options[count++] = (struct argp_option){.doc = row->heading};
        options[count++] = (struct argp_option){
            .name = row->name,
            .key = key_of(flags, i),
            .arg = row->value,
            .flags = (row->optional ? OPTION_ARG_OPTIONAL : 0) |
                     (row->alias ? OPTION_ALIAS : 0),
            .doc = row->help};
    }
    for (const struct flag_habit *habit = flags->habits;
         is_habit(habit) && count < 2 * OPTIONS_MAX; habit++)
        options[count++] =
            (struct argp_option){.name = habit->name,
                                 .key = habit_key(flags, habit),
                                 .arg = habit->has_value ? "X" : NULL,
                                 .flags = OPTION_HIDDEN};
    /* glibc's --help leaks what it allocates for a table without options. */
    if (count > 0)
        argp.options = options;
    argp_err_exit_status = EXIT_USAGE;
    refuse_unknown(flags, options, argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
}

const char *flags_choose(char *words,
                         const char *(*name_of)(int index, const char **group),
                         bool *chosen)
{
    char *rest = words, *word;

    while ((word = strsep(&rest, ","))) {
        const char *name, *group;
        bool found = false;

        for (int i = 0; (name = name_of(i, &group)); i++)
            if (!fnmatch(word, name, 0) || !strcmp(word, group))
                found = chosen[i] = true;
        if (!found)
            return word;
    }
    return NULL;
}

void flags_given_add(struct flags_given *given, const char *name)
{
    if (given->count < FLAGS_GIVEN_MAX)
        given->names[given->count++] = name;
}

static bool is_among(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

bool flags_has(const struct flags_given *given, const char *name)
{
    for (int i = 0; i < given->count; i++)
        if (!strcmp(given->names[i], name))
            return true;
    return false;
}

bool flags_apply(const struct flags_given *given, const char *of,
                 const char *const *without, const char *const *with,
                 const char *instead, char *why, size_t why_size)
{
    if (!flags_has(given, of))
        return true;
    for (int i = 0; i < given->count; i++) {
        const char *name = given->names[i];
        bool idle = without ? is_among(without, name) : !is_among(with, name);
        if (!idle || !strcmp(name, of))
            continue;
        snprintf(why, why_size, "--%s has no effect with --%s: %s", name, of,
                 instead);
        return false;
    }
    return true;
}
