# checks.sh <file>: what only reads the sources, run beside the suites. Writes to the file how many steps passed and failed.
cd "$(dirname "$0")/.." || exit 1
. .ci/step.sh
# A session of its own is weighed as a whole: this one takes no processor that a suite wants.
[ ! -w /proc/self/autogroup ] || echo 19 >/proc/self/autogroup
renice -n 19 $$ >/dev/null
# One program at a time: three at once starved what starts servers beside them.
export NX_PARALLEL=1

step format npm run -s format
step lint npm run -s lint
step typecheck npm run -s typecheck
step cases npm run -s cases
echo "$passed $failed" >"$1"
