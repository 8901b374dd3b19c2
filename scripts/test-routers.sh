#!/usr/bin/env bash
# Runs one rollback on every real router and prints what was measured as a table. The tests must have been built.
set -euo pipefail
cd "$(dirname "$0")/.."
table=$(mktemp)
trap 'rm -f "$table"' EXIT
status=0
ROLLGUARD_ROUTER_TABLE=$table swift test --skip-build --disable-xctest --filter LiveRouterTests || status=$?
echo
cat <<'HEAD'
Each count is of 500 requests, old/new version. "canary after ack": requests that began at the new version after the
acknowledgement. Milliseconds are from the verdict; the proof waits for a scrape (every 500 ms). "failed": answers of the
old version with an error / errors of the router itself / requests without an answer, while the traffic moved. "repeated":
requests that a client sent again, because a kept connection was closed in the moment of the first.

| router | variant | instances | before | after | canary after ack | applied ms | observed ms | proven ms | failed | repeated | after restart | put back ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
HEAD
sort "$table"
exit "$status"
