# Runs a command as nobody, where nothing can be written but one folder.
#   confined.sh STATE STAGE HIDDEN INNER COMMAND...
# HIDDEN is a folder that nobody may enter, INNER what is needed below it; both may be empty.
# STAGE is an empty folder. To be run as root, in a mount namespace of its own.
set -eu
state=$1 stage=$2 hidden=$3 inner=$4
shift 4
if [ -n "$hidden" ]; then
  mount --bind "$inner" "$stage"
  mount -t tmpfs -o mode=755,size=64k none "$hidden"
  mkdir -p "$inner"
  mount --bind "$stage" "$inner"
  umount "$stage"
fi
mount --bind "$state" "$state"
# /proc is the kernel's, and the interpreter reads it.
awk '{ print $2 }' /proc/self/mounts | sort -u | while read -r at; do
  case $at in
    "$state" | /proc | /proc/*) ;;
    *) mount -o remount,bind,ro "$at" 2>/dev/null || echo "still writable: $at" >&2 ;;
  esac
done
if touch "$stage/proof" 2>/dev/null; then
  echo "the file system can still be written" >&2
  exit 99
fi
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
  --bounding-set -all --inh-caps -all "$@"
