#!/bin/sh
# `npm start`: says who may log in, then becomes the server.
set -eu
cd "$(dirname "$0")/../.."
cat <<'USERS'

Sample users        password
  admin             admin         may do everything
  developer         developer     pushes to dev-backend/*, pulls everything
  (no login)                      pulls everything

USERS
exec node src/main.ts serve -c config/quickstart/config.yml
