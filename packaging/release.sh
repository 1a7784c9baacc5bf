#!/usr/bin/env bash
# What a release has besides its wheel, made of that wheel: packaging/release.sh WHEEL FOLDER
#   requirements.txt         every package that playing needs, with the hashes of its files
#   requirements-train.txt   the same with those that training and searching need
#   sbom.cdx.json            what was installed by the latter: a software bill of materials (CycloneDX)
#   base-image.env           IMPSY_BASE_DIGEST, the base image of this day; only where docker can ask for it
set -euo pipefail

[ $# = 2 ] && [ -f "$1" ] || { echo "Usage: packaging/release.sh WHEEL FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
wheel=$(realpath "$1") folder=$(realpath -m "$2")
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

"$python" -m venv "$work/tools"
"$work/tools/bin/pip" install --disable-pip-version-check --quiet --constraint "$root/constraints.txt" uv
"$work/tools/bin/pip" install --disable-pip-version-check --quiet 'cyclonedx-bom>=7,<8'

lock() { # FILE OPTION...: for every system and Python that IMPSY runs on, in the versions that it was tested with
  "$work/tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --constraint "$root/constraints.txt" \
    --generate-hashes --no-header --no-annotate --no-emit-index-url --output-file "$folder/$1" "${@:2}" "$root/pyproject.toml"
}
lock requirements.txt
lock requirements-train.txt --extra train --extra search

"$python" -m venv --without-pip "$work/installed"
"$work/tools/bin/pip" --python "$work/installed/bin/python" install --disable-pip-version-check --quiet \
  --require-hashes --requirement "$folder/requirements-train.txt"
"$work/tools/bin/pip" --python "$work/installed/bin/python" install --disable-pip-version-check --quiet --no-deps "$wheel"
"$work/tools/bin/pip" --python "$work/installed/bin/python" check
"$work/installed/bin/impsy" demo --terminal --seconds 1 >/dev/null

"$work/tools/bin/cyclonedx-py" environment --pyproject "$root/pyproject.toml" --mc-type application \
  --output-reproducible --of JSON --output-file "$folder/sbom.cdx.json" "$work/installed/bin/python"

if command -v docker >/dev/null && docker buildx version >/dev/null 2>&1; then
  base=$(sed -n 's/^ARG PYTHON=//p' "$root/Dockerfile")
  digest=$(docker buildx imagetools inspect "python:$base-slim-bookworm" --format '{{.Manifest.Digest}}')
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "the registry named no digest: $digest" >&2; exit 1; }
  printf 'IMPSY_BASE_DIGEST=%s\n' "$digest" >"$folder/base-image.env"
fi
