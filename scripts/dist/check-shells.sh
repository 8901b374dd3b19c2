#!/usr/bin/env bash
# Renders every manual page below PREFIX and tries the completions in bash, zsh and fish.
#
#   scripts/dist/check-shells.sh PREFIX        PREFIX/bin, PREFIX/share as in the package
set -euo pipefail
prefix=$1
fail() { echo "check-shells: $*" >&2; exit 1; }
PATH=$prefix/bin:$PATH

pages=0
for page in "$prefix"/share/man/man1/rollguard*.1.gz; do
    complaints=$(zcat "$page" | LC_ALL=C.UTF-8 mandoc -T lint -W warning 2>&1 || true)
    [ -z "$complaints" ] || fail "$page: $complaints"
    text=$(zcat "$page" | mandoc -T utf8 | col -b)
    for heading in NAME SYNOPSIS DESCRIPTION; do
        grep -q "^$heading" <<<"$text" || fail "$page has no $heading"
    done
    pages=$((pages + 1))
done
commands=$(rollguard --help | sed -n '/^SUBCOMMANDS/,/^  See/p' | grep -c '^  [a-z]')
[ "$pages" -gt "$commands" ] || fail "$pages manual pages for $commands commands"

bash_found=$(bash --norc -c '
    source "$1/share/bash-completion/completions/rollguard"
    COMP_LINE="rollguard st" COMP_POINT=12 COMP_WORDS=(rollguard st) COMP_CWORD=1 COMP_TYPE=9
    _rollguard rollguard st rollguard >/dev/null 2>&1
    echo "${COMPREPLY[@]}"' bash "$prefix")
[[ " $bash_found " == *" status "* ]] || fail "bash completes 'rollguard st' with '$bash_found'"
fish_found=$(fish --no-config -c "source '$prefix/share/fish/vendor_completions.d/rollguard.fish'
    complete -C 'rollguard st'")
grep -q "^status" <<<"$fish_found" || fail "fish completes 'rollguard st' with '$fish_found'"
zsh -f -c '
    fpath=("$1/share/zsh/vendor-completions" $fpath)
    autoload -Uz compinit && compinit -u -d "$2"
    [[ ${_comps[rollguard]} == _rollguard ]] && autoload +X _rollguard' zsh "$prefix" "$(mktemp -u)" ||
    fail "zsh does not take the completion"
