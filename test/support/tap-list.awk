# Names of the tests that failed or were skipped (-v list=failed|skipped), one line each with the path to it.
function depth(line) { match(line, /^ */); return RLENGTH / 4 }

/^ *# Subtest: / {
  level = depth($0)
  sub(/^ *# Subtest: /, "")
  name[level] = $0
}
/^ *not ok / && !/# (TODO|SKIP)/ { if (list == "failed") report() }
/^ *ok .*# SKIP/ { if (list == "skipped") report() }

# A parent fails with its child, which comes first: only the innermost is listed.
function report(  level, path, i) {
  level = depth($0)
  sub(/^ *(not )?ok [0-9]+ - /, "")
  sub(/ # time=.*/, "")
  path = ""
  for (i = 0; i < level; i++) path = path name[i] " > "
  path = path $0
  if (last == "" || index(last, path " > ") != 1) print (list == "failed" ? "failed:  " : "skipped: ") substr(path, 1, 250)
  last = path
}
