#!/usr/bin/env bash
# Installs IMPSY on a machine that nobody sits at, such as a Raspberry Pi: an environment of its own, a workspace, and
# two services, one that plays and one for the page. Running it again brings the program and the units up to date;
# the workspace, its configuration and the token stay as they are.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: packaging/install.sh [OPTIONS]

  --user               for you alone, without sudo: the services run while you are logged in
                       (sudo loginctl enable-linger $USER: always)
  --package WHAT       what pip installs  [default: the checkout that this script is in]
  --extras NAMES       for example train: learn on this machine too  [default: none, the lean installation]
  --lock FILE          requirements.txt or requirements-train.txt of a release: packages with their hashes, and no
                       others; with --package and the release's wheel
                       [default: the versions of constraints.txt, without hashes]
  --workspace DIR      config.toml, logs, datasets, models  [default: /var/lib/impsy, or ~/impsy-workspace]
  --prefix DIR         the environment  [default: /opt/impsy, or ~/.local/share/impsy]
  --host ADDRESS       where the page listens; 127.0.0.1: only on this machine  [default: 0.0.0.0]
  --no-webui           only what plays
  --no-packages        the environment is there already, with all that it needs: only make the rest
  --no-start           install, but neither enable nor start the services
  --root DIR           put everything below DIR, make no user and start nothing: to look at it first
  --uninstall          take the services and the environment away; the workspace stays
  --dry-run            only say what would be done

Needs Python 3.11 or later with venv, and ALSA's library for MIDI (Debian: sudo apt install python3-venv libasound2);
without --user, sudo.
TEXT
}

die() { echo "install.sh: $*" >&2; exit 1; }

own=no dry=no webui=yes packages=yes start=yes uninstall=no
root='' package='' lock='' extras='' workspace='' prefix='' host=0.0.0.0
value() { [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value; --help says more"; printf '%s' "$2"; }
while [ $# -gt 0 ]; do
  case "$1" in
    --user) own=yes ;;
    --dry-run) dry=yes ;;
    --no-webui) webui=no ;;
    --no-packages) packages=no ;;
    --no-start) start=no ;;
    --uninstall) uninstall=yes ;;
    --package) package=$(value "$@"); shift ;;
    --lock) lock=$(value "$@"); shift ;;
    --extras) extras=$(value "$@"); shift ;;
    --workspace) workspace=$(value "$@"); shift ;;
    --prefix) prefix=$(value "$@"); shift ;;
    --host) host=$(value "$@"); shift ;;
    --root) root=$(value "$@"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) die "$1 is no option; --help lists them" ;;
  esac
  shift
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=${package:-$(dirname "$here")}
if [ "$own" = yes ]; then
  : "${HOME:?--user needs HOME}"
  prefix=${prefix:-${XDG_DATA_HOME:-$HOME/.local/share}/impsy}
  workspace=${workspace:-$HOME/impsy-workspace} # ~/impsy is where people put the checkout
  units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
  settings=${XDG_CONFIG_HOME:-$HOME/.config}/impsy
  systemctl=(systemctl --user)
else
  prefix=${prefix:-/opt/impsy}
  workspace=${workspace:-/var/lib/impsy}
  units=/etc/systemd/system
  settings=/etc/impsy
  systemctl=(systemctl)
  [ -n "$root" ] || [ "$dry" = yes ] || [ "$(id -u)" = 0 ] || die "run it with sudo, or with --user for you alone"
fi
for path in "$prefix" "$workspace"; do
  case "$path" in
    *[!A-Za-z0-9/._-]*) die "$path: services want letters, digits and / . _ - only in a path" ;;
    /*) ;;
    *) die "$path: give the whole path, from /" ;;
  esac
done
[ -z "$lock" ] || [ -f "$lock" ] || die "--lock $lock: there is no such file; each release has one"
case "$host" in *[!A-Za-z0-9.:-]*) die "--host $host: an address such as 0.0.0.0" ;; esac
# Below a folder of its own nothing is started, and no user is made.
live=no
[ -n "$root" ] || live=yes

say() { echo "install.sh: $*"; }
run() { # only tells, with --dry-run
  if [ "$dry" = yes ]; then echo "  $*"; else "$@"; fi
}
quietly() { # the same, without what it says
  if [ "$dry" = yes ]; then echo "  $*"; else "$@" >/dev/null; fi
}
put() { # FILE MODE: writes standard input there, in one step
  local file=$root$1 content
  content=$(cat)
  if [ -f "$file" ] && [ "$(cat "$file")" = "$content" ]; then
    return
  fi
  if [ "$dry" = yes ]; then
    echo "  write $file"
    return
  fi
  mkdir -p "$(dirname "$file")"
  (umask 077 && printf '%s\n' "$content" >"$file.new")
  chmod "$2" "$file.new"
  mv -f "$file.new" "$file"
}

services=(impsy.service)
[ "$webui" = no ] || services+=(impsy-webui.service)

if [ "$uninstall" = yes ]; then
  if [ "$live" = yes ]; then
    run "${systemctl[@]}" disable --now impsy.service impsy-webui.service || say "no services were there"
  fi
  run rm -f "$root$units/impsy.service" "$root$units/impsy-webui.service" "$root$settings/webui.env"
  # Only what this script made: an environment.
  [ ! -f "$root$prefix/pyvenv.cfg" ] || run rm -rf "$root${prefix:?}" || exit 1
  [ ! -d "$root$settings" ] || run rmdir --ignore-fail-on-non-empty "$root$settings"
  [ "$live" = no ] || run "${systemctl[@]}" daemon-reload
  say "taken away. Your workspace $workspace is still there."
  exit 0
fi

python=${PYTHON:-python3}
"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  die "$python must be Python 3.11 or later with venv (Debian: sudo apt install python3-venv); PYTHON=… names another"

as_player=()
if [ "$own" = no ] && [ "$live" = yes ]; then
  if ! id impsy >/dev/null 2>&1; then
    say "the user impsy, who plays"
    run useradd --system --user-group --home-dir "$workspace" --shell /usr/sbin/nologin impsy
  fi
  for group in audio dialout; do
    getent group "$group" >/dev/null || run groupadd --system "$group"
    run usermod --append --groups "$group" impsy
  done
  as_player=(runuser -u impsy --)
fi

if [ "$packages" = no ]; then
  [ -x "$root$prefix/bin/impsy" ] || die "--no-packages, but there is no $root$prefix/bin/impsy"
else
  say "the program in $root$prefix"
  run mkdir -p "$root$prefix"
  [ -x "$root$prefix/bin/python" ] || run "$python" -m venv "$root$prefix"
  wanted=$package${extras:+[$extras]}
  pip=("$root$prefix/bin/pip" install --disable-pip-version-check --quiet --upgrade)
  constraints=$(dirname "$here")/constraints.txt
  if [ -n "$lock" ]; then
    run "${pip[@]}" --require-hashes --requirement "$lock"
    run "${pip[@]}" --no-deps "$wanted"
    run "$root$prefix/bin/pip" check --disable-pip-version-check
  elif [ -f "$constraints" ]; then
    run "${pip[@]}" --constraint "$constraints" "$wanted"
  else
    run "${pip[@]}" "$wanted"
  fi

  if [ "$dry" = no ]; then
    midi=$("$root$prefix/bin/python" -I - <<'PYTHON'
from impsy.errors import DeviceError
from impsy.io.midi.library import load_library

try:
    load_library()
except DeviceError as error:
    print(error)
PYTHON
    )
    [ -z "$midi" ] || say "no MIDI yet (OSC, WebSocket and serial play without): $midi"
  fi
fi

say "the workspace in $root$workspace"
run mkdir -p "$root$workspace"
if [ "$own" = no ] && [ "$live" = yes ]; then
  run chown impsy: "$workspace"
fi
if [ ! -e "$root$workspace/config.toml" ]; then
  quietly "${as_player[@]}" "$root$prefix/bin/impsy" init "$root$workspace"
fi

say "the services in $root$units"
render() { # a unit as it is in this place
  local edits=(
    -e "s|/opt/impsy/|$prefix/|"
    -e "s|^WorkingDirectory=.*|WorkingDirectory=$workspace|"
    -e "s|^EnvironmentFile=.*|EnvironmentFile=-$settings/webui.env|"
    -e "s|--host 0\.0\.0\.0|--host $host|"
    -e "s|^ReadWritePaths=.*|ReadWritePaths=$workspace|"
  )
  if [ "$own" = yes ]; then
    # A user's own manager may not change users, nor raise limits, nor hide folders.
    edits+=(
      -e '/^\(User\|SupplementaryGroups\|Nice\|LimitMEMLOCK\|LimitRTPRIO\|PrivateTmp\|ProtectHome\)=/d'
      -e '/^\(Protect[A-Za-z]*\|RestrictSUIDSGID\|ReadWritePaths\|CapabilityBoundingSet\)=/d'
      -e '/^\(CacheDirectory\|CacheDirectoryMode\|Environment\)=/d'
      -e '/^# What plays comes before/d'
      -e '/^# It writes into/d'
      -e 's|^WantedBy=.*|WantedBy=default.target|'
    )
  fi
  case "$workspace:$prefix" in
    /home/* | /root/* | *:/home/* | *:/root/*) edits+=(-e '/^ProtectHome=/d') ;;
  esac
  sed "${edits[@]}" "$here/systemd/$1"
}
for service in "${services[@]}"; do
  render "$service" | put "$units/$service" 644
done
token_file=$root$settings/webui.env
if [ "$webui" = yes ] && [ ! -s "$token_file" ]; then
  echo "IMPSY_TOKEN=$("$python" -c 'import secrets; print(secrets.token_urlsafe(24))')" | put "$settings/webui.env" 600
fi

if [ "$live" = no ] || [ "$start" = no ]; then
  say "installed. Nothing was started."
  exit 0
fi
run "${systemctl[@]}" daemon-reload
run "${systemctl[@]}" enable "${services[@]}"
run "${systemctl[@]}" restart "${services[@]}"
say "it plays. How it is: ${systemctl[*]} status impsy"
if [ "$webui" = yes ]; then
  case "$host" in
    127.* | localhost | ::1) name=127.0.0.1 ;;
    *) name=$(hostname) ;;
  esac
  say "the page: http://$name:4000/?token=TOKEN with the TOKEN that stands in $settings/webui.env"
fi
