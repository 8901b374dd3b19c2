#!/usr/bin/env bash
# Runs one rollback and a canary in steps on real routers and prints what was measured as two tables. The tests must have been built.
set -euo pipefail
cd "$(dirname "$0")/.."
table=$(mktemp)
: >"$table.steps"
trap 'rm -f "$table" "$table.steps"' EXIT
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
echo
cat <<'HEAD'
A canary in steps of 1, 5, 25, 50 and 100 %, by 400 users with one request each; then the roles are turned, and the other place
gets 1, 25 and 50 % and nothing. "users moved back": those that had the canary at a step and not at the next.

| router | variant | growth | smallest step % | read back % | requests at the canary % | users moved back | turned: read back % | turned: requests % | turned: users moved back |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
HEAD
sort "$table.steps"
exit "$status"
