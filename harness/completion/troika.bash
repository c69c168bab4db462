# SPDX-License-Identifier: MIT
# Completion for bash: the program itself says what there is (troika --help,
# troika VERB --help, troika list --names VERB, troika complete).

# The values of the flag before the word, or of the one that it begins with. Of
# --flag=word bash makes three words. Fails if there is no such flag.
_troika_values() {
    local flag=${COMP_WORDS[COMP_CWORD - 1]} word=$1 values
    if [ "$flag" = = ]; then
        flag=${COMP_WORDS[COMP_CWORD - 2]}
    elif [ "$word" = = ]; then
        word=
    fi
    [ "${flag#-}" != "$flag" ] || return 1
    values=$(troika complete "$flag" "$word" "${COMP_WORDS[@]:1:COMP_CWORD-2}" 2>/dev/null) || return 1
    case $values in
    :files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    :directories) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    ?*) mapfile -t COMPREPLY <<<"$values" ;;
    esac
    case $values in :*) compopt -o filenames 2>/dev/null ;; *[,:~]) compopt -o nospace 2>/dev/null ;; esac
    return 0
}

_troika() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$(troika --help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
    elif _troika_values "$word"; then
        return
    elif [ "${word#-}" != "$word" ]; then
        words=$(troika "$verb" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*=\{0,1\}')
    else
        words=$(troika list --names "$verb" 2>/dev/null)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    case ${COMPREPLY[*]} in *=) compopt -o nospace 2>/dev/null ;; esac
    [ "${#COMPREPLY[@]}" -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _troika troika
