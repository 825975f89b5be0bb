#!/bin/sh
# Makes `npm start` work in a fresh checkout: Node packages and a registry program. Changes nothing outside the checkout
# but a cache in ~/.cache/landwaiter. Does nothing, in a few milliseconds, when all is there.
set -eu
cd "$(dirname "$0")/../.."
. config/quickstart/setup-functions.sh

install_node_modules
ensure_registry
