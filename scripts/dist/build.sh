#!/usr/bin/env bash
# Makes what is released, in dist/: a Debian package, a tarball with the same files, debug symbols, an SBOM and checksums.
#
#   scripts/dist/build.sh            builds the program (some five minutes the first time)
#   scripts/dist/build.sh --packed   packs the program that was built before
#
# ROLLGUARD_MAINTAINER ("Name <address>") is the package's maintainer. Whoever publishes a package names the address that
# answers for it; the default is of a domain that cannot exist (RFC 2606), so that mail for it reaches no stranger. The time stamps of everything packed are the
# commit's, so that two runs on one commit pack the same bytes around the program.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=.build-dist
program=$scratch/release/rollguard
maintainer=${ROLLGUARD_MAINTAINER:-Rollguard maintainers <maintainers@rollguard.invalid>}
export ROLLGUARD_COMMIT ROLLGUARD_DATE SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
ROLLGUARD_COMMIT=$(git rev-parse --short=12 HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
ROLLGUARD_DATE=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)

if [ "${1:-}" != --packed ]; then
    scripts/setup.sh dist
    swift build -c release --scratch-path "$scratch" --product rollguard --static-swift-stdlib
fi
[ -x "$program" ] || { echo "dist: $program is not built" >&2; exit 1; }

released=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/rollguard/Rollguard.swift)
version=$released
# A commit between releases sorts after the release before it.
git describe --exact-match --match "v$released" HEAD >/dev/null 2>&1 ||
    version="$released+git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M).${ROLLGUARD_COMMIT:0:8}"
architecture=$(dpkg --print-architecture)

rm -rf dist
mkdir -p dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# The program, and its debug symbols beside it.
install -d "$root/usr/bin"
objcopy --only-keep-debug --compress-debug-sections "$program" "dist/rollguard_${version}_$architecture.debug"
strip --strip-all -o "$root/usr/bin/rollguard" "$program"
(cd dist && objcopy --add-gnu-debuglink="rollguard_${version}_$architecture.debug" "$root/usr/bin/rollguard")
chmod 0755 "$root/usr/bin/rollguard"
chmod 0644 dist/*.debug

# What describes itself: manual pages and completions come from the program.
python3 scripts/dist/manual_pages.py "$root/usr/bin/rollguard" "$root/usr/share/man/man1" "$ROLLGUARD_DATE"
install -d "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" \
    "$root/usr/share/fish/vendor_completions.d"
"$root/usr/bin/rollguard" --generate-completion-script bash | sed "1{/^#!/d}" >"$root/usr/share/bash-completion/completions/rollguard"
"$root/usr/bin/rollguard" --generate-completion-script zsh >"$root/usr/share/zsh/vendor-completions/_rollguard"
"$root/usr/bin/rollguard" --generate-completion-script fish >"$root/usr/share/fish/vendor_completions.d/rollguard.fish"

# Files that are the same for every architecture.
install -D -m 0644 packaging/rollguard.service "$root/lib/systemd/system/rollguard.service"
install -D -m 0644 packaging/example.yaml "$root/etc/rollguard/example.yaml"
for folder in rules dashboards docs/schema; do
    (cd "$folder" && find . -type f) | while read -r file; do
        install -D -m 0644 "$folder/$file" "$root/usr/share/rollguard/$(basename "$folder")/$file"
    done
done
doc=$root/usr/share/doc/rollguard
install -D -m 0644 README.md "$doc/README.md"
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
python3 scripts/dist/components.py copyright "$scratch" >"$doc/copyright"
python3 scripts/dist/components.py sbom "$scratch" "$version" "$ROLLGUARD_COMMIT" "$SOURCE_DATE_EPOCH" \
    >"dist/rollguard_${version}_$architecture.spdx.json"

# The tarball has the same files below one folder, for /usr/local or a home folder.
top=rollguard-$version-linux-$architecture
mkdir "$work/$top"
cp -a "$root/usr/bin" "$root/usr/share" "$work/$top/"
install -D -m 0644 packaging/rollguard.service "$work/$top/lib/systemd/system/rollguard.service"
install -D -m 0644 packaging/example.yaml "$work/$top/etc/rollguard/example.yaml"
install -m 0644 LICENSE "$work/$top/LICENSE"
tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$top" |
    gzip -9n >"dist/$top.tar.gz"

# The Debian package. Its changelog is one entry: the project's own is beside it.
{
    echo "rollguard ($version) unstable; urgency=medium"
    echo
    echo "  * The changes of this version are in changelog.gz."
    echo
    echo " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.Debian.gz"
install -D -m 0644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/rollguard"
install -d "$root/DEBIAN"
for script in postinst prerm postrm; do install -m 0755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find etc -type f -printf '/%p\n' | sort) >"$root/DEBIAN/conffiles"

# What the program is linked against, with the oldest version that has its symbols.
mkdir -p "$work/debian"
printf 'Source: rollguard\n\nPackage: rollguard\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info -e"$root/usr/bin/rollguard" 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "dist: the libraries of the program are not known to dpkg" >&2; exit 1; }
(cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@MAINTAINER@|$maintainer|" \
    -e "s|@DEPENDS@|$depends|" -e "s|@INSTALLED_SIZE@|$(du -k -s --exclude=DEBIAN "$root" | cut -f1)|" \
    packaging/debian/control.in >"$root/DEBIAN/control"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
find "$root" -type d -exec chmod 0755 {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "dist/rollguard_${version}_$architecture.deb" >/dev/null

(cd dist && sha256sum -- *rollguard* >SHA256SUMS)
ls -l dist | awk 'NR > 1 {print $5, $9}'
