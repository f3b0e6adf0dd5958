#!/usr/bin/env bash
# Holds a running server to its own OpenAPI document, with every check of schemathesis, as the holder of the token in
# AMENDS_TOKEN, or as nobody without one.
#
#   scripts/contract.sh URL [EXAMPLES]   installs (once, half a minute), then asks; EXAMPLES per operation, default 5
#   scripts/contract.sh --setup          installs only
#
# The server must have the order eu-shop:16. Needs python3 with venv and a Python package index; exits with 3 where it
# cannot get them. Everything is kept below target/contract; remove that folder to install anew.
set -euo pipefail
cd "$(dirname "$0")/.."

pieces=$PWD/scripts/contract
version=$(sha256sum "$pieces/requirements.txt" | cut -c1-16)
made=$PWD/target/contract/$version

setup() {
    [ -e "$made/whole" ] && return
    mkdir -p "$PWD/target/contract"
    exec 9>"$PWD/target/contract/lock"
    flock 9
    [ -e "$made/whole" ] && return
    rm -rf "$made"
    if ! { python3 -m venv "$made" && "$made/bin/pip" install --quiet --disable-pip-version-check --requirement "$pieces/requirements.txt"; }; then
        echo "schemathesis cannot be installed: it takes python3 with venv and a package index" >&2
        exit 3
    fi
    touch "$made/whole"
}

case "${1-}" in
--setup)
    setup
    ;;
http*)
    setup
    export AMENDS_URL=$1 AMENDS_TOKEN=${AMENDS_TOKEN-} SCHEMATHESIS_HOOKS=checks PYTHONPATH=$pieces
    as=()
    [ -z "$AMENDS_TOKEN" ] || as=(--header "Authorization: Bearer $AMENDS_TOKEN")
    # What it keeps between runs goes where the rest is.
    cd "$PWD/target/contract"
    # A fixed seed: what CI finds can be found again. The full tier explores with another one.
    exec "$made/bin/st" --config-file "$pieces/schemathesis.toml" --no-color run "$1/openapi.json" \
        "${as[@]}" --max-examples "${2-5}" --seed "${AMENDS_SEED-1}"
    ;;
*)
    echo "usage: scripts/contract.sh URL [EXAMPLES] | --setup" >&2
    exit 2
    ;;
esac
