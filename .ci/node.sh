# Sourced by .ci/run: a Node and an npm that can begin. Everything else, Node 24 and Postgres included, comes by npm.
cache=${STRONGROOM_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom-ci}
enough() { command -v node >/dev/null && command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)'; }
# npm 9, Debian's, stops at an override that names another package, and says that there is no lock file.
can_install() { [ "$(npm --version | cut -d. -f1)" -ge 10 ]; }

if ! enough; then
  if ! command -v npm >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
      echo 'Node >= 20 and npm are missing: install them, or run this as root on Debian.' >&2
      return 1
    fi
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm git >/dev/null || return 1
  fi
  # Debian's Node may be older than 20: npm has a newer one as an ordinary package.
  if ! enough; then
    arch=$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)
    npm install --silent --no-audit --no-fund --prefix "$cache" "node-linux-$arch@24.21.0" || return 1
    export PATH="$cache/node_modules/node-linux-$arch/bin:$PATH"
  fi
  enough || { echo 'no Node >= 20 could be installed' >&2; return 1; }
fi
if ! can_install; then
  npm install --silent --no-audit --no-fund --prefix "$cache" npm@10.8.2 || return 1
  export PATH="$cache/node_modules/.bin:$PATH"
  can_install || { echo 'no npm >= 10 could be installed' >&2; return 1; }
fi
