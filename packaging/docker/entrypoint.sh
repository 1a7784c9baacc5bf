#!/bin/sh
# Starts what it is told to. An empty workspace first gets a configuration that is heard from outside of the container.
set -eu

share=${IMPSY_SHARE:-/usr/local/share/impsy}

case "${1-} ${2-}" in
  "impsy webui" | "impsy run")
    if [ ! -e config.toml ]; then
      if [ ! -w . ]; then
        echo "$PWD cannot be written by user $(id -u). Make the folder yourself before the first start, or name its" \
          "owner: IMPSY_UID=\$(id -u) IMPSY_GID=\$(id -g) docker compose up" >&2
        exit 1
      fi
      impsy init . >/dev/null
      cp "$share/config.toml" config.toml
    fi
    ;;
esac
exec "$@"
