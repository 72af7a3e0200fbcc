#!/bin/sh
# Stands in for Deno and prints what ./igpo lets a program do.
if [ "$1" = --version ]; then
  echo 'deno 2.9.6'
else
  printf '%s|%s|%s%s\n' "$HUB_MIRROR" "$OUTSIDE" "$MAY_RUN" "$ANYWHERE"
fi
