#!/usr/bin/env bash
# Checks what a release gives out, by installing it as users do: packaging/check_release.sh FOLDER [TAG]
# FOLDER holds one wheel and one source distribution. Each is installed in an environment of its own, without anything of this
# checkout, and plays. With TAG, such as v2.0.0, the version must be that of the tag. At the end FOLDER/SHA256SUMS lists all files.
set -euo pipefail

[ $# = 1 ] || [ $# = 2 ] || { echo "Usage: packaging/check_release.sh FOLDER [TAG]" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath "$1") tag=${2:-}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() { echo "check_release.sh: $*" >&2; exit 1; }
say() { printf '\n=== %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

shopt -s nullglob
wheels=("$folder"/*.whl) sources=("$folder"/*.tar.gz)
[ "${#wheels[@]}" = 1 ] || die "$folder holds ${#wheels[@]} wheels; wanted one"
[ "${#sources[@]}" = 1 ] || die "$folder holds ${#sources[@]} source distributions; wanted one"
version=$(basename "${sources[0]}" .tar.gz)
version=${version#impsy-}
[ "$(basename "${wheels[0]}")" = "impsy-$version-py3-none-any.whl" ] || die "the two are not of the same version"
[ -z "$tag" ] || [ "$tag" = "v$version" ] ||
  die "the tag is $tag, and the version $version: change src/impsy/version.py, or the tag"

plays() { # NAME COMMAND...: says its version, and the model answers
  local told
  [ "$("${@:2}" --version)" = "impsy $version" ] || die "$1 says that it is $("${@:2}" --version)"
  told=$("${@:2}" demo --terminal --seconds 4)
  [[ $told =~ the\ model\ [1-9] ]] || die "$1 does not answer: $told"
  grep "the model" <<<"$told"
}

cd "$work" # nothing of a checkout is found here
for file in "${wheels[0]}" "${sources[0]}"; do
  say "$(basename "$file"), in an environment of its own"
  "$python" -m venv "$work/venv"
  "$work/venv/bin/pip" install --disable-pip-version-check --quiet --constraint "$here/../constraints.txt" "$file"
  "$work/venv/bin/pip" check
  plays "$(basename "$file")" "$work/venv/bin/impsy"
  "$work/venv/bin/impsy" licences >/dev/null
  rm -rf "$work/venv"
done

say "what is given out"
(
  cd "$folder"
  rm -f SHA256SUMS
  sha256sum -- * >"$work/sums"
  mv "$work/sums" SHA256SUMS
  du -h -- * | sort -k 2
)
