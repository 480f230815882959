# To be sourced with $suite set: makes the command "${apt[@]}", which knows that release of Debian and
# nothing of this machine's packages, in the folder $work, which goes when the script ends.
# The mirror is the one that this machine's apt uses.
release="${suite%-backports}"
mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
  grep -m 1 '/debian/$')" || {
  echo "apt knows no Debian mirror" >&2
  exit 2
}
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial}
touch "$work/status"
for each in "$release" "$suite"; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $each main"
done | sort -u >"$work/sources.list"
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=-
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work/cache" -o APT::Architectures=amd64 -o Debug::NoLocking=true
  -o "APT::Sandbox::User=$(id -un)")
"${apt[@]}" update >&2
