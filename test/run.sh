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
  if [ "$status" -ne 0 ] && run_unended_again; then return; fi
  count_tap "$status"
}

# A process whose every assertion passed but that did not end, so that tap's time limit killed it, is run again by
# itself, up to three times: seen now and then with test/e2e/drain.test.ts. It fails if it never ends.
run_unended_again() {
  ! grep 'not ok' "$tap_log" | grep -v 'timeout!' | grep -qv '^not ok [0-9]* - test/' || return 1
  unended=$(sed -n 's/^ *expired: \(test\/.*\.test\.ts\)$/\1/p' "$tap_log" | sort -u)
  [ -n "$unended" ] || return 1
  for try in 2 3 4; do
    echo "did not end, try $try: $unended"
    # shellcheck disable=SC2086 # a list
    if tap --disable-coverage --reporter=tap --no-color $unended >"$logs/again.txt" 2>&1; then
      summary=$(grep '^# { total: ' "$tap_log" | tail -n 1)
      passed=$((passed + $(number_of pass)))
      return 0
    fi
  done
  return 1
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
