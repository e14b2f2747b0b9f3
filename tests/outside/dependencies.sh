#!/usr/bin/env bash
# The rules on what is linked, read from `cargo tree`: one engine, one TLS stack, one async runtime; and the connector stays small.
#
# Two versions of one of these would compile and then not fit together: another arrow's batches, another rustls's provider.
set -euo pipefail
cd "$(dirname "$0")/../.."

passed=0
failed=0

# rule <what must hold> <command…>
rule() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "  holds: $what"
    else
        failed=$((failed + 1))
        echo "  BROKEN: $what"
    fi
}

# What is linked into our programs, one `name version` a line; not what builds them, and not what only tests use.
linked() {
    cargo tree --locked --edges normal --prefix none --format '{p}' "$@" | awk '{ print $1, $2 }' | sort -u
}

workspace=$(linked --workspace)
connector=$(linked --package zerotrip-connector)

one_version() {
    local found
    found=$(grep "^$1 " <<<"$workspace" || true)
    [ "$(grep -c . <<<"$found")" -eq 1 ] || { echo "  found: ${found//$'\n'/, }" && return 1; }
}

absent() {
    local tree=$1 name=$2
    ! grep -E "^$name(-[a-z]+)* " <<<"$tree"
}

for name in arrow datafusion rustls tokio ring; do
    rule "exactly one version of $name is linked" one_version "$name"
done
for name in openssl-sys native-tls aws-lc-rs aws-lc-sys; do
    rule "$name is not linked: rustls over ring is the one TLS stack" absent "$workspace" "$name"
done
for name in datafusion cedar-policy odbc-sys; do
    rule "the connector does without $name: it runs on old front-end machines" absent "$connector" "$name"
done
rule 'the connector does not depend on the hub' absent "$connector" zerotrip-hub
rule 'sources do without the agent: they know nothing of approvals and tickets' absent "$(linked --package zerotrip-sources)" zerotrip-connector
for name in zerotrip-checks zerotrip-certificates zerotrip-ledger zerotrip-policies; do
    rule "the connector does without $name: it takes nobody's word for what a check concludes" absent "$connector" "$name"
done
for name in object_store reqwest; do
    rule "the connector does without $name: it dials its hub and nobody else" absent "$connector" "$name"
    rule "the SDK, checks and the ledger do without $name: only the hub knows an object store" absent \
        "$(linked --package zerotrip-client --package zerotrip-checks --package zerotrip-ledger)" "$name"
done
rule 'the hub does without the SDK' absent "$(linked --package zerotrip-hub)" zerotrip-client
rule 'the SDK does without policies' absent "$(linked --package zerotrip-client)" cedar-policy
for name in sm2 sm3; do
    rule "hub, connector, client and door do without $name: it is in certs/ofd alone" absent \
        "$(linked --package zerotrip-hub --package zerotrip-connector --package zerotrip-client --package zerotrip-door)" "$name"
done
for name in rusqlite datafusion zerotrip-channel; do
    rule "checks and certificates do without $name: they are pure" absent "$(linked --package zerotrip-checks --package zerotrip-certificates --package zerotrip-ofd)" "$name"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
