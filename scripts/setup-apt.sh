#!/bin/sh
# Installs the Debian packages named as arguments, only those that are missing, without starting their services.
set -eu
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
sudo=""
[ "$(id -u)" -eq 0 ] || sudo="sudo"
echo "installing Debian packages:$missing"
# The demo and the tests start Kamailio and others themselves, on ports of their own: no system service may start.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
    made_policy=yes
fi
remove_policy() { [ "$made_policy" = no ] || $sudo rm -f "$policy"; }
trap remove_policy EXIT
$sudo apt-get update -qq
# shellcheck disable=SC2086 (a list of package names)
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
