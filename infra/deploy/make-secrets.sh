#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, each in a file of its own. A file that is there is left as it is.
set -euo pipefail
cd "$(dirname "$0")"
install -d -m 700 secrets
cd secrets
# The folder keeps strangers out; the containers, which run as other users, must be able to read the files in it.
umask 022

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -s "$1" ] || printf %s "$2" >"$1"; }

keep mysql_root_password "$(random)"
keep mysql_taglens_password "$(random)"
keep mysql_temporal_password "$(random)"
keep database_url "mysql://taglens:$(cat mysql_taglens_password)@mysql:3306/taglens"
keep s3_access_key_id taglens
keep s3_secret_access_key "$(random)"
keep owner_key "$(random)"
echo "The secrets are in $PWD. The key to work with is in owner_key."
