#!/bin/bash
# The users of roles.sql, for compose.yaml: run by the image when its volume is new. Passwords are
# files; the server gets their SHA-256.
set -euo pipefail
for role in owner writer dashboards exporter; do
  hash=$(tr -d '\r\n' < "${SECRETS:-/run/secrets}/clickhouse_$role" | sha256sum | cut -c 1-64)
  clickhouse-client --host 127.0.0.1 --multiquery <<SQL
CREATE USER IF NOT EXISTS $role IDENTIFIED WITH sha256_hash BY '$hash';
GRANT shoseki_$role TO $role;
SQL
done
