#!/bin/bash
# Run once by the MySQL image, on an empty data volume: the user and the databases of Temporal.
set -euo pipefail
MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql --user=root <<SQL
CREATE USER 'temporal'@'%' IDENTIFIED BY '$(cat /run/secrets/mysql_temporal_password)';
CREATE DATABASE temporal;
CREATE DATABASE temporal_visibility;
GRANT ALL PRIVILEGES ON temporal.* TO 'temporal'@'%';
GRANT ALL PRIVILEGES ON temporal_visibility.* TO 'temporal'@'%';
SQL
