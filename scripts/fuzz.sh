#!/usr/bin/env bash
# Fuzzes one reader of bytes from outside with libFuzzer and the address sanitizer.
#
#     scripts/fuzz.sh TARGET [SECONDS]      TARGET: exposition, condition, configuration, admin,
#                                          relabelling
#
# What is checked is in Tests/FuzzingTests. Starts from Tests/Fuzzing/Corpora/TARGET and keeps new inputs in
# .build-fuzz/corpus-TARGET. An input that breaks something is written to .build-fuzz/crash-…: fix it, and add the input to
# Tests/Fuzzing/Findings/TARGET.
#
# FUZZ_BUILD_FLAGS are for `swift build`, where the package was built with flags that should not change.
#
# Plain swiftc, because libFuzzer does not link into an executable of the package: the fuzzer brings its own main.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-}
seconds=${2:-60}
out=$PWD/.build-fuzz
toolchain=$(dirname "$(readlink -f "$(command -v swiftc)")")
# A crash ends the process at once; the report of swift-backtrace would hold it for minutes.
export SWIFT_BACKTRACE=enable=no

# As in Package.swift, plus coverage and the sanitizer.
language=(-swift-version 6 -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny
    -package-name rollguard)
swift_flags=(
    -parse-as-library -sanitize=fuzzer,address -enable-testing -O -g -wmo -I "$out"
)

# module NAME FOLDER FLAG…: one module, with its coverage measured. What is built after a module that has changed is built
# again, as it may depend on it.
has_changed=
module() {
    local name=$1 folder=$2
    shift 2
    local object=$out/$name.o
    if [ -z "$has_changed" ] && [ -f "$object" ] &&
        [ -z "$(find "$folder" -newer "$object" -name '*.swift' -print -quit)" ]; then return; fi
    has_changed=yes
    echo "building $name"
    find "$folder" -name '*.swift' -print0 | sort -z | xargs -0 \
        swiftc "${swift_flags[@]}" "$@" -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" \
        -c -o "$object"
}

# The YAML parser is C: it is what an address sanitizer is for.
yaml() {
    local yams=.build/checkouts/Yams/Sources
    [ -d "$yams" ] || swift package resolve
    local file
    for file in "$yams"/CYaml/src/*.c; do
        local object
        object=$out/cyaml-$(basename "$file" .c).o
        [ -f "$object" ] || "$toolchain/clang" -c -O1 -g -fsanitize=address,fuzzer-no-link -I "$yams/CYaml/include" \
            -o "$object" "$file"
    done
    module Yams "$yams/Yams" -swift-version 5 -DSWIFT_PACKAGE -I "$yams/CYaml/include" -suppress-warnings
}

# What our servers, drivers and receivers are built on, as the package builds it: not ours to fuzz, so neither measured nor
# sanitized.
libraries() {
    local built maps map name
    local names=(
        Algorithms AsyncAlgorithms Atomics CoreMetrics ConcurrencyHelpers Configuration ContainersPreview Crypto
        CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims CSystem CXKCP CXKCPShims DequeModule HTTPTypes Hummingbird
        HummingbirdCore Instrumentation InternalCollectionsUtilities Logging Metrics NIO NIOConcurrencyHelpers NIOCore
        NIOEmbedded NIOExtras NIOFileSystem NIOFoundationEssentialsCompat NIOHTTP1 NIOHTTPTypes NIOHTTPTypesHTTP1 NIOPosix
        OrderedCollections ServiceContextModule ServiceLifecycle SystemPackage Tracing UnixSignals _AtomicsShims _NIOBase64
        _NIODataStructures _NIOFileSystem CNIOAtomics CNIOLinux CNIOPosix CNIOLLHTTP CNIOWASI
    )
    built=$(swift build --show-bin-path)
    maps=$(find .build/checkouts/*/Sources -path '*/include/module.modulemap' ! -path '*GRDB*' ! -path '*CYaml*'
        find "$built" -path '*/CNIO*.build/module.modulemap')
    imports=(-I "$built/Modules")
    for map in $maps; do imports+=(-Xcc -fmodule-map-file="$map"); done
    for name in .build/checkouts/*/Sources/*/include; do imports+=(-Xcc -I -Xcc "$name"); done
    for name in "${names[@]}"; do
        [ -d "$built/$name.build" ] || continue
        while IFS= read -r name; do objects+=("$name"); done < <(
            find "$built/$name.build" -name '*.o' ! -name '*.swiftmodule.o')
    done
}

mkdir -p "$out"
checks=Tests/FuzzingTests
imports=()
objects=()
case "$target" in
    exposition)
        module Telemetry Sources/Telemetry "${language[@]}"
        sources=("$checks/ExpositionProperties.swift")
        objects=("$out/Telemetry.o")
        ;;
    relabelling)
        for room in Telemetry Support Discovery; do module "$room" "Sources/$room" "${language[@]}"; done
        sources=("$checks/RelabellingProperties.swift")
        objects=("$out"/{Telemetry,Support,Discovery}.o)
        ;;
    condition | configuration)
        yaml
        imports=(-I .build/checkouts/Yams/Sources/CYaml/include)
        module Telemetry Sources/Telemetry "${language[@]}"
        for room in Support Statistics Discovery Model Declarations SystemSupport; do module "$room" "Sources/$room" "${language[@]}"; done
        module ConfigurationFiles Sources/ConfigurationFiles "${language[@]}" "${imports[@]}"
        if [ "$target" = condition ]; then
            sources=("$checks/ConditionProperties.swift")
        else
            # The kinds of routers and receivers read their own fields.
            for room in Routers Notifications; do
                # shellcheck disable=SC2086
                swift build ${FUZZ_BUILD_FLAGS:-} --target "$room"
            done
            libraries
            imports+=(-I .build/checkouts/Yams/Sources/CYaml/include)
            for room in Ports HTTPServing Routers Notifications; do
                module "$room" "Sources/$room" "${language[@]}" "${imports[@]}"
            done
            sources=("$checks/ConfigurationProperties.swift")
            objects+=("$out"/{Ports,HTTPServing,Routers,Notifications}.o)
        fi
        objects+=("$out"/{Telemetry,Support,Statistics,Discovery,Model,Declarations,SystemSupport,ConfigurationFiles,Yams}.o "$out"/cyaml-*.o)
        ;;
    admin)
        # shellcheck disable=SC2086
        swift build ${FUZZ_BUILD_FLAGS:-} --target ReferenceRouter
        module Telemetry Sources/Telemetry "${language[@]}"
        for room in Support Statistics Discovery Model SystemSupport; do module "$room" "Sources/$room" "${language[@]}"; done
        libraries
        module ReferenceRouter Sources/ReferenceRouter "${language[@]}" "${imports[@]}"
        sources=("$checks/AdminProperties.swift")
        objects+=("$out"/{Telemetry,Support,Statistics,Discovery,Model,SystemSupport,ReferenceRouter}.o)
        ;;
    *)
        echo "usage: scripts/fuzz.sh exposition|condition|configuration|admin|relabelling [SECONDS]" >&2
        exit 2
        ;;
esac

swiftc "${swift_flags[@]}" "${language[@]}" "${imports[@]}" -module-name Fuzz -emit-module \
    -emit-module-path "$out/Fuzz.swiftmodule" -c -o "$out/fuzz-$target.o" "${sources[@]}" "$checks/MessageText.swift" \
    Tests/Fuzzing/Entries/{"$target",GiveUp}.swift
swiftc -sanitize=fuzzer,address -use-ld=lld "$out/fuzz-$target.o" "${objects[@]}" -o "$out/fuzz-$target"
mkdir -p "$out/corpus-$target"
# The router saves each split with fsync; in memory that takes no time.
files=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
trap 'rm -rf "$files"' EXIT
TMPDIR=$files "$out/fuzz-$target" "$out/corpus-$target" "Tests/Fuzzing/Corpora/$target" -max_total_time="$seconds" \
    -artifact_prefix="$out/crash-$target-" -dict="Tests/Fuzzing/Dictionaries/$target.txt" -timeout=10 -max_len=4096 \
    -len_control=20 -rss_limit_mb=2048 -print_final_stats=1 "${@:3}"
