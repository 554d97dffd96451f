# For the pages that start here: `. docs/quickstart/manage.sh`, in bash, in the repository's folder.
VAULT=${VAULT:-http://localhost:3000}
VAULT=${VAULT%/}

# value MEMBER: that member of the JSON object on standard input; a failure without a word where there is none
value() {
  node -e 'const text = require("node:fs").readFileSync(0, "utf8");
    const said = text ? JSON.parse(text)[process.argv[1]] : undefined;
    if (said === undefined) process.exit(1);
    console.log(typeof said === "string" ? said : JSON.stringify(said))' "$1"
}

# named NAME: the object of that name in the JSON array on standard input; a failure without a word where there is none
named() {
  node -e 'const all = JSON.parse(require("node:fs").readFileSync(0, "utf8") || "[]");
    const found = all.find(({ name }) => name === process.argv[1]);
    if (!found) process.exit(1);
    console.log(JSON.stringify(found))' "$1"
}

# ask CURL-ARGUMENTS: what is answered, or a failure and what is wrong, where one sees it also while the answer goes into
# a pipe. Secrets go to curl by a file of this shell's: what stands on a command line can be read by everybody on the
# machine.
ask() {
  local answer
  if answer=$(curl -sS --fail-with-body "$@"); then
    printf '%s' "$answer"
  else
    [ -z "$answer" ] || printf '%s\n' "$answer" >&2
    return 1
  fi
}

# manage METHOD PATH [JSON]: a call of the Management API
manage() {
  if [ -z "$MANAGEMENT_TOKEN" ]; then
    echo 'There is no token of the Management API: paste `. docs/quickstart/manage.sh` again, and see what it says.' >&2
    return 1
  fi
  ask -X "$1" "$VAULT/api/v2$2" ${3:+-H content-type:application/json --data-binary @<(printf %s "$3")} \
    --config <(printf 'header = "authorization: Bearer %s"\n' "$MANAGEMENT_TOKEN")
}

# The client that the first start made for you, and a token for it.
manages() {
  local kept=${STRONGROOM_DATA_DIR:-.strongroom}/management
  if [ ! -r "$kept" ]; then
    echo "There is no $kept that you may read: is the vault started, and is this the folder that it was started in?" >&2
    return 1
  fi
  . "$kept"
  ask "$VAULT/oauth/token" -d grant_type=client_credentials -d "audience=$VAULT/api/v2/" \
    -d "client_id=$STRONGROOM_MANAGEMENT_CLIENT_ID" \
    --data-urlencode client_secret@<(printf %s "$STRONGROOM_MANAGEMENT_CLIENT_SECRET") | value access_token && return
  echo "No token from $VAULT. VAULT must be the address that the vault said when it was ready, letter by letter." >&2
  return 1
}
MANAGEMENT_TOKEN=$(manages)
