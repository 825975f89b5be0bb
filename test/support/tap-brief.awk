# A short live view of tap's output: a line for each test file, the diagnosis of each failed assertion, and the coverage.
# The rest is in the log.
function depth(line) { match(line, /^ */); return RLENGTH }

/^(not )?ok / {
  failed = /^not / ? "FAILED" : "ok    "
  sub(/^(not )?ok [0-9]+ - /, "")
  sub(/# time=/, "")
  print failed " " $0
  shown = failed == "FAILED" ? 2 : 0
  fflush()
  next
}
# Parents of a failed assertion fail too and carry their duration; only the assertion itself has something to say.
/^ +not ok / && !/# time=/ { print; shown = depth($0) + 2; fflush(); next }
!NF { next }
shown && depth($0) < shown { shown = 0 }
# The excerpt of the source can be long and says no more than "at".
shown && depth($0) == shown { source = /^ *source:/ }
shown && !source { print }
/^=+ Coverage summary =+$/ { coverage = 1 }
coverage { print }
/^=+$/ { coverage = 0 }
/^([A-Z][A-Za-z]*Error|Error|node:internal)/ { print }
