# SPDX-License-Identifier: MIT
# Completion for fish: the program itself says what there is (troika --help,
# troika VERB --help, troika list --names VERB, troika complete).
function __troika_verb
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end
function __troika_verbs
    troika --help 2>/dev/null | string replace -rf '^  ([a-z]+) +([a-z].*)' '$1\t$2'
end
function __troika_flags
    troika (__troika_verb) --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*=?' | sort -u
end
function __troika_words
    troika list --names (__troika_verb) 2>/dev/null
end
# The values of the flag before the word, or of the one that the word begins
# with. Fails if there is no such flag.
function __troika_values
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l flag $words[-1]
    set -l head
    if string match -qr -- '^--[a-z-]+=' $word
        set flag (string split -m 1 = -- $word)[1]
        set head $flag=
        set word (string replace -- $head '' $word)
    end
    test (count $words) -gt 1; and string match -q -- '-*' $flag; or return 1
    set -l values (troika complete $flag "$word" $words[2..-1] 2>/dev/null); or return 1
    switch "$values"
        case :files
            __fish_complete_path $word
        case :directories
            __fish_complete_directories $word ''
        case '?*'
            printf '%s\n' $head$values
    end
    return 0
end
function __troika_at_value
    __troika_values >/dev/null
end
complete -c troika -n '__troika_at_value' -f -a '(__troika_values)'
complete -c troika -n 'test -z (__troika_verb)' -f -a '(__troika_verbs)'
complete -c troika -n 'test -n (__troika_verb); and not __troika_at_value; and string match -q -- "-*" (commandline -ct)' -f -a '(__troika_flags)'
complete -c troika -n 'test -n (__troika_verb); and not __troika_at_value' -a '(__troika_words)'
