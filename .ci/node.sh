# Sourced by .ci/run: a Node and an npm that can begin. Everything else, Node 24 and Postgres included, comes by npm.
cache=${STRONGROOM_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/strongroom-ci}
enough() { command -v node >/dev/null && command -v npm >/dev/null && node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)'; }

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
