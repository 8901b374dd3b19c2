#!/usr/bin/env bash
# Plants each bug of Tests/SimulationTests/PlantedBugs, one at a time, into a copy of the sources, and lets the
# simulation search for it. A checker that cannot fail checks nothing.
#
#   scripts/planted-bugs.sh                 all of them, at most 2000 seeds each
#   scripts/planted-bugs.sh NAME [SEEDS]    one of them
#   scripts/planted-bugs.sh NAME SEEDS shared    the same, in the lives with several daemons or a centre alone
#
# Prints a line per bug: its name, the first seed that fails, the check. Exit code 1 when one is not found.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${2:-2000}
lives=${3:-all}
copy=.build-planted/copy
scratch=.build-planted/build

# Replaces texts in files as a .bug file says; each text has to be there exactly once.
plant() {
    perl -we '
        my ($bug, $root) = @ARGV;
        open my $in, "<", $bug or die "$bug: $!\n";
        my ($file, $part, @from, @to) = ("", "");
        sub put {
            return unless @from;
            my ($from, $to) = (join("", @from), join("", @to));
            open my $source, "<", "$root/$file" or die "$file: $!\n";
            my $text = do { local $/; <$source> };
            my $count = () = $text =~ /\Q$from\E/g;
            die "$bug: the text occurs $count times in $file, not once:\n$from" if $count != 1;
            $text =~ s/\Q$from\E/$to/;
            open my $out, ">", "$root/$file" or die "$file: $!\n";
            print $out $text;
            (@from, @to) = ();
        }
        while (my $line = <$in>) {
            if ($line =~ /^(?:--- )?file: (.*)$/) { put(); $file = $1; $part = "" }
            elsif ($line eq "--- instead of\n") { put(); $part = "from" }
            elsif ($line eq "--- with\n") { $part = "to" }
            elsif ($part eq "from") { push @from, $line }
            elsif ($part eq "to") { push @to, $line }
        }
        put();
    ' "$1" "$2"
}

# Only what differs is copied, so that only what a bug changes is built again.
fresh_copy() {
    # The ready rules are links to a folder that is not copied.
    find -L Package.swift Sources Tests -type f | while read -r file; do
        cmp -s "$file" "$copy/$file" && continue
        mkdir -p "$(dirname "$copy/$file")"
        cp "$file" "$copy/$file"
    done
}

look_for() {
    local bug=$1 name report
    name=$(basename "$bug" .bug)
    fresh_copy || return 2
    plant "$bug" "$copy" || return 2
    swift build -c release --package-path "$copy" --scratch-path "$scratch" --disable-index-store \
        --product rollguard-lab >"$scratch.log" 2>&1 || { cat "$scratch.log" >&2; return 2; }
    # The simulation itself ends with 1 when it finds something.
    "$scratch/release/rollguard-lab" simulate --seeds "$seeds" --lives "$lives" --quiet >"$scratch.report" || true
    if report=$(grep '^seed .* FAILED' "$scratch.report" | tail -n 1); then
        printf '%-26s %s\n' "$name" "$(sed -E 's/^seed ([0-9]+): FAILED ([^:]+): .*/seed \1: \2/' <<<"$report")"
    else
        printf '%-26s NOT FOUND within %s seeds\n' "$name" "$seeds"
        return 1
    fi
}

status=0
for bug in Tests/SimulationTests/PlantedBugs/${1:-*}.bug; do
    look_for "$bug" || status=1
done
exit "$status"
