#include "topology/local_listener.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/names.h"
#include "blazedb/error.h"
#include "link/failure.h"

namespace blazedb::topology {
namespace {

void check(const ExportPolicy& policy) {
  for (const std::string& name : policy.collections) base::requireName(name, "collection", ErrorCode::InvalidPolicy);
  if (policy.fields && policy.fields->empty())
    throw Error(ErrorCode::InvalidPolicy, "the policy names no field: leave `fields` out for all of them");
  for (const std::string& field : policy.fields.value_or(std::vector<std::string>())) base::requireFieldName(field);
  if (policy.filter && !policy.filter->matches)
    throw Error(ErrorCode::InvalidPolicy, "the filter has no function: leave it out for all records");
}

sync::Terms termsOf(const ExportPolicy& policy, base::Random& random) {
  sync::Terms terms;
  std::optional<std::vector<std::string>> collections;
  if (!policy.collections.empty()) collections = policy.collections;
  terms.scope = sync::makeScope(std::move(collections), {}, policy.fields);
  terms.receives = !policy.readOnly;
  terms.relation = sync::Relation::exporter;
  terms.writes.trust = policy.mayRelay ? sync::StampTrust::relayed : sync::StampTrust::own;
  terms.writes.mayBeServer = policy.mayRelay;
  terms.writes.mayErase = false;
  if (policy.filter) {
    ExportFilter filter = *policy.filter;
    // A filter without an id cannot be known again, so it gets an id that is never the same.
    if (filter.id.empty()) filter.id = "once-" + std::to_string(random.next64()) + std::to_string(random.next64());
    terms.reads.filter = std::make_shared<const ExportFilter>(std::move(filter));
  }
  return terms;
}

// The program of a process; empty if the kernel does not tell.
std::string executableOf(std::int64_t pid) {
  std::error_code hidden;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", hidden).string();
}

template <class List, class Element>
bool has(const List& list, const Element& element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

}  // namespace

std::optional<sync::Bye> refusePeer(const LocalPeers& peers, const link::Credentials& peer, const std::string& what) {
  bool allowed = peer.uid == geteuid() || has(peers.users, peer.uid) || has(peers.groups, peer.gid) ||
                 std::any_of(peer.groups.begin(), peer.groups.end(), [&](auto id) { return has(peers.groups, id); });
  if (!allowed) return sync::Bye{ErrorCode::NotAllowed, what + " the user of " + peer.text()};
  if (peers.executables.empty()) return std::nullopt;
  std::string file = executableOf(peer.pid);
  for (const std::string& path : peers.executables) {
    std::error_code absent;  // then no process runs it
    if (!file.empty() && std::filesystem::canonical(path, absent) == file) return std::nullopt;
  }
  return sync::Bye{ErrorCode::NotAllowed,
                   what + " the program of " + peer.text() + ": " + (file.empty() ? "its path cannot be read" : file)};
}

LocalListener::LocalListener(link::Io& io, base::Clock& clock, base::Random& random, Offer offer,
                             const std::string& path, const ListenLocalOptions& options, Changed changed)
    : Listener({std::move(offer)}), path_(path), peers_(options.peers) {
  check(options.policy);
  if (options.mode != 0600 && options.mode != 0660 && options.mode != 0666)
    throw Error(ErrorCode::InvalidArgument, "the mode of a socket is 0600, 0660 or 0666");
  session_.terms = termsOf(options.policy, random);
  rights_ = options.policy.rights;
  link::AcceptorOptions accept;
  accept.path = path_;
  accept.mode = options.mode;
  open(io, clock, accept, std::move(changed));
  if (rights_) beginPatrol([this] { endOthers(); });
}

void LocalListener::close() {
  endPatrol();
  Listener::close();
}

// Ends the connections that began under other rights.
void LocalListener::endOthers() {
  const replica::TokenCheck& check = offers_[0].replica->tokenCheck();
  std::uint64_t revision = check.tokenRevision();
  if (revision != revision_) grant_ = check.grantOf(rights_->user).name;
  revision_ = revision;
  acceptor_->stop([&](const link::Served& served) { return served.label != grant_; },
                  {ErrorCode::RightsChanged, "the rights of this app have changed; it connects again"});
}

ListenerInfo LocalListener::info() const {
  ListenerInfo info;
  info.path = path_;
  return info;
}

const Listener::Offer* LocalListener::find(const std::string& name) const {
  return name == link::kOnlyDatabase || name == offers_[0].name ? &offers_[0] : nullptr;
}

link::Admission LocalListener::admit(const link::Knock& knock, const link::PeerInfo& peer) const {
  if (auto refusal = refusePeer(peers_, *peer.credentials, "'" + offers_[0].name + "' is not shared with"))
    return *refusal;
  const Offer* offer = find(knock.database);
  if (!offer) return sync::Bye{ErrorCode::UnknownDatabase, "there is no database '" + knock.database + "' at " + path_};
  if (!rights_) return offer->guest(session_, {});
  try {
    replica::UserGrant grant = offer->replica->tokenCheck().grantOf(rights_->user);
    sync::SessionOptions session = session_;
    session.terms.reads.rights = session.terms.writes.rights = std::move(grant.rights);
    return offer->guest(std::move(session), std::move(grant.name));
  } catch (const Error& error) {
    return link::failureOf(error);
  }
}

}  // namespace blazedb::topology
