#!/usr/bin/env bash
# Write the locks of the images from the extras of pyproject.toml, with the versions that the tests ran with (requirements/dev.txt).
# A version that a lock holds already stays, if it still fits. Needs uv. usage: requirements/lock.sh [FOLDER OF THE LOCKS]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath "${1:-$here}")
cd "$here/.."

lock() {
    local name=$1 extra words=()
    shift
    for extra in "$@"; do words+=(--extra "$extra"); done
    uv pip compile pyproject.toml --quiet --python-platform x86_64-manylinux_2_28 --python-version 3.11 --constraint requirements/dev.txt \
        --generate-hashes --no-emit-index-url --no-header --output-file "$folder/$name.txt" "${words[@]}"
}

lock core encode finemap enrich report check
lock nets-cpu train attribute effects prior tf
lock nets-gpu train attribute effects prior gpu
lock motifs motifs
lock simulate simulate
