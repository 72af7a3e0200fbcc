#!/bin/sh
# Stands in for Deno and prints what ./igpo lets a program do; REAL_DENO finds that out.
case " $* " in
  *' --version '*) echo 'deno 2.9.6' ;;
  *driver/allow.ts*) exec "$REAL_DENO" "$@" ;;
  *)
    case "${SHOW:-}" in
      paths) printf '%s\n%s\n%s\n' "$MAY_READ" "$MAY_WRITE" "$MAY_SEE" ;;
      *) printf '%s|%s|%s%s\n' "$HUB_MIRROR" "$OUTSIDE" "$MAY_RUN" "$ANYWHERE" ;;
    esac
    ;;
esac
