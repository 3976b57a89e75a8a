#!/bin/bash
# Install the wheels of a lock and the package itself into /opt/lucidseq, and drop what no run needs.
# usage: install.sh LOCK; the wheels are in /wheels
set -euo pipefail
lock=$1
recipe=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=/opt/lucidseq

python3 -m venv /tmp/pip
python3 -m venv --without-pip "$target"
install=(/tmp/pip/bin/python -m pip --python "$target/bin/python" install --quiet --disable-pip-version-check --no-cache-dir
    --no-index --find-links=/wheels --no-deps --no-compile)
"${install[@]}" --require-hashes --requirement "$lock"
"${install[@]}" /wheels/lucidseq-*.whl

cd "$target"/lib/python3*/site-packages
find . -type d -name tests -not -path ./logomaker/tests -prune -exec rm -rf {} + # logomaker imports its own
rm -rf logomaker/{examples,tutorials} tensorflow/include nvidia/*/include clang # clang: a compiler library that nothing imports
rm -rf matplotlib/mpl-data/sample_data
# Sources of compiled modules and stubs for type checkers: no run reads them
find . \( -name '*.a' -o -name '*.cpp' -o -name '*.pyx' -o -name '*.pxd' \) -delete
find . -name '*.pyi' -not -path './lucidseq/*' -delete # ours say what is imported when
# Two readers of genotypes bring their debug information along, 32 MB of it
find . -maxdepth 2 \( -name 'pgenlib.*.so' -o -path './bgen/*.so' \) -exec python3 "$recipe/strip_symbols.py" {} +
# -f: running pip has left some bytecode of the other kind
PYTHONHASHSEED=0 "$target/bin/python" -m compileall -q -f --invalidation-mode unchecked-hash .
