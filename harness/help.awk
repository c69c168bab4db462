# SPDX-License-Identifier: MIT
# make help, from the Makefile: `##@ Group`, and `target: ## text`, in lines of
# 80 columns. `##= NAME=: text` is a row.
function wrap(head, text, indent,    words, count, line, i) {
    count = split(text, words, " ")
    line = sprintf("%-" indent "s", head)
    if (length(head) >= indent && head != "") {
        print head
        line = sprintf("%" indent "s", "")
    }
    for (i = 1; i <= count; i++) {
        if (length(line) + length(words[i]) > 80 && line ~ /[^ ]/) {
            sub(/ +$/, "", line)
            print line
            line = sprintf("%" indent "s", "")
        }
        line = line words[i] " "
    }
    sub(/ +$/, "", line)
    print line
}
/^##@ / {
    printf "%s%s\n", groups++ ? "\n" : "", substr($0, 5)
}
/^##= [A-Z0-9= ]+: / {
    text = $0
    sub(/^##= [^:]*: /, "", text)
    head = substr($0, 5)
    sub(/: .*/, "", head)
    wrap("  " head, text, 21)
}
/^[a-z$][a-zA-Z_$(){} -]*:.*## / {
    head = $0
    sub(/:.*/, "", head)
    text = $0
    sub(/.*## /, "", text)
    wrap("  " head, text, 21)
}
END {
    printf "\nExperiments: make bench-NAME (make list says what each asks)\n"
    wrap("", "  " experiments, 2)
}
