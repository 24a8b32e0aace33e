// What the two ends of a link agreed on, as one of them sees it.
//
// Each end brings its terms: which way data goes, which part of the database the link carries, what the two ends are to
// each other, what the peer may read and what it may write. Hello tells the peer what it has to know of them. Once both
// Hellos are there, each end has an Agreement, and it stays the same until the conversation ends. Sender and receiver
// hold a reference to that one value and ask it, and pass it to the store with what they read and merge. A question
// about a cursor names peer and scope alone, because the store has cursors of earlier conversations too.
//
// A hub and its client are equals here. What tells them apart is the client's token, and that is the hub's WriteRule.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/export_policy.h"
#include "sync/peer.h"
#include "sync/rights.h"
#include "sync/scope.h"
#include "sync/stamp_rules.h"

namespace blazedb::sync {

struct Hello;  // frames.h

enum class Relation : std::uint8_t {
  equals,    // neither end decides what the other one holds
  exporter,  // this end decides what the peer holds
  importer,  // the peer decides what this end holds
};

// Which records of the scope the peer may read.
struct ReadRule {
  std::shared_ptr<const ExportFilter> filter;  // absent: every record; shared with the other links of an export
  std::shared_ptr<const Rights> rights;        // absent: those of no user; otherwise both have to allow it

  // Whether something chooses what the peer gets. The store then has to remember what the peer was given.
  bool chooses() const { return filter || (rights && !rights->choice().empty()); }
  // Names what is chosen: another choice has another name.
  std::string choice() const {
    std::string user = rights ? rights->choice() : "";
    return filter && !user.empty() ? user + "\n" + filter->id : filter ? filter->id : user;
  }
};

// What the peer may do to this end.
struct WriteRule {
  StampTrust trust = StampTrust::all;              // which stamps the peer may bring
  bool mayErase = true;                            // the peer may make this end sweep, and take back what it gave
  bool mayBeServer = true;                         // the peer may have the role server
  std::shared_ptr<const Rights> rights = nullptr;  // absent: those of no user
};

// What one end brings.
struct Terms {
  bool sends = true;
  bool receives = true;
  Scope scope;  // what this end wants, or may give and take
  // The teams whose records this end wants; absent: records of all, and of none. At most kTeamsMax (frames.h).
  std::optional<std::vector<UUID>> teams;
  Relation relation = Relation::equals;
  ReadRule reads;
  WriteRule writes;

  // Whether this end decides what the peer holds, and takes back records that the peer must no longer hold.
  bool exports() const { return relation == Relation::exporter; }
  // Whether the peer decides what this end holds. What the peer takes back goes, even if others have changed it since.
  bool imports() const { return relation == Relation::importer; }
};

// What both ends obey. `sends`, `receives` and `scope` are those on which both agree. A default Agreement has no peer,
// and everything goes both ways.
struct Agreement : Terms {
  Peer peer;
  bool peerSweeps = true;        // the peer may be told to sweep; otherwise it keeps what it was not told to delete
  bool peerChooses = false;      // the peer sends what a filter or rights choose: a record that it lacks means nothing
  std::size_t teamsRefused = 0;  // of the teams that the peer wants: its user is not in them

  // Whether a record that the peer takes back goes here. `fromPeer`: this end got its latest state from the peer.
  bool mayTakeBack(bool fromPeer) const { return writes.mayErase && (imports() || fromPeer); }
  // Whether the peer's record takes the place of one here of which its rights refuse a change.
  bool replacesRefused() const { return receives && writes.mayErase; }
  // Whether this end journals what the peer removes here, by a sweep or by taking back, so that a user can restore it.
  // What an exporter gives and takes is the exporter's own; of such a record this end journals the fields that the link
  // does not carry.
  bool journalsRemovals() const { return !imports(); }
  // Whether the peer is not to learn how much changes here that it does not get. This end then numbers what it sends,
  // and its own positions are sealed (cursor.h).
  bool seals() const { return !writes.mayErase && (reads.chooses() || !scope.full()); }
  // Whether the two ends should hold the same records, so that they can compare digests.
  bool comparable() const { return sends && receives && scope.full() && !reads.chooses() && !peerChooses; }
};

// Combines this end's terms with those in the peer's Hello.
Agreement agree(const Terms& mine, const Hello& its);

}  // namespace blazedb::sync
