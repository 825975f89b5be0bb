#!/bin/sh
# Runs the checks and the tests, every step even when one before it failed, and closes with "N passed, N failed":
# one for each check, one for each assertion. With files as arguments, runs only those tests, no checks, no coverage.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
passed=0
failed=0
logs=.tap/logs
tap_log=$logs/tap.txt
rm -rf "$logs"
mkdir -p "$logs"
escape=$(printf '\033')

check() {
  if npm run --silent "$1" >"$logs/$1.txt" 2>&1; then
    passed=$((passed + 1))
    echo "ok     $1"
  else
    failed=$((failed + 1))
    echo "FAILED $1"
    if [ -t 1 ]; then cat "$logs/$1.txt"; else sed "s/$escape\[[0-9;]*m//g" "$logs/$1.txt"; fi
  fi
}

run_tap() {
  status_file=$logs/status
  if [ -t 1 ]; then
    tap --reporter=base --output-file="$tap_log" "$@"
    echo $? >"$status_file"
  else
    {
      tap --reporter=tap --no-color --coverage-report=text-summary "$@" 2>&1
      echo $? >"$status_file"
    } | tee "$tap_log" | awk -f test/support/tap-brief.awk
  fi
  status=$(cat "$status_file")
  count_tap "$status"
}

# Adds up tap's last line, "# { total: 9, pass: 8, fail: 1 }". A run that ends badly without a failed assertion, or with
# no such line, is one failure.
count_tap() {
  summary=$(grep '^# { total: ' "$tap_log" | tail -n 1)
  tap_failed=$(number_of fail)
  if [ "$1" -ne 0 ] && [ "$tap_failed" -eq 0 ]; then
    echo "tap ended with exit code $1; its output is in $tap_log"
    tap_failed=1
  fi
  passed=$((passed + $(number_of pass)))
  failed=$((failed + tap_failed))
}

number_of() {
  number=$(printf '%s\n' "$summary" | sed -n "s/.*$1: \([0-9]*\).*/\1/p")
  echo "${number:-0}"
}

if [ $# -eq 0 ]; then
  check lint
  check typecheck
  check deadcode
  run_tap
else
  run_tap --disable-coverage "$@"
fi

awk -v list=skipped -f test/support/tap-list.awk "$tap_log"
awk -v list=failed -f test/support/tap-list.awk "$tap_log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
