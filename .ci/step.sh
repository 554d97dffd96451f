# Sourced: steps that are counted in `passed` and `failed`.
passed=0 failed=0

# step <name> <command...>: one step that either passes or fails
step() {
  local name=$1
  shift
  echo "== $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED: $name" >&2; fi
}
