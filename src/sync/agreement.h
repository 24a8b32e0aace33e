// What the two ends of a link agreed on, as one of them sees it.
//
// Each end brings its terms: which way data goes, which part of the database the link carries, what the two ends are to
// each other, what the peer may read and what it may write. Hello tells the peer what it has to know of them. Once both
// Hellos are there, each end has an Agreement, and it stays the same until the conversation ends. Sender, receiver and
// store hold a reference to that one value and ask it; none of them carries a part of it around.
//
// A hub and its client are equals here. What tells them apart is the client's token, and that is the hub's WriteRule.
#pragma once

#include <cstdint>
#include <memory>

#include "blazedb/export_policy.h"
#include "sync/peer.h"
#include "sync/scope.h"
#include "sync/stamp_rules.h"

namespace blazedb::sync {

struct Hello;  // frames.h

enum class Relation : std::uint8_t {
  equals,    // neither end decides what the other one holds
  exporter,  // this end decides what the peer holds
  importer,  // the peer decides what this end holds
};

// What of the scope the peer may read.
struct ReadRule {
  std::shared_ptr<const ExportFilter> filter;  // absent: every record; shared with the other links of an export

  // The peer gets what the filter chooses, so the store has to remember what it was given.
  bool chooses() const { return filter != nullptr; }
};

// What the peer may do to this end.
struct WriteRule {
  StampTrust trust = StampTrust::all;  // which stamps it may bring
  bool mayErase = true;                // it may tell this end to sweep, and take back what it gave
  bool mayBeServer = true;             // it may have the role server
};

// What one end brings.
struct Terms {
  bool sends = true;
  bool receives = true;
  Scope scope;  // what this end wants, or may give and take
  Relation relation = Relation::equals;
  ReadRule reads;
  WriteRule writes;

  // This end decides what the peer holds, and takes back from it what it is not to have any more.
  bool exports() const { return relation == Relation::exporter; }
  // The peer decides what this end holds: what it takes back goes, even if others have changed it since.
  bool imports() const { return relation == Relation::importer; }
};

// What both ends hold to. `sends`, `receives` and `scope` are those on which both agree. Without a peer, as it is
// constructed: everything goes both ways.
struct Agreement : Terms {
  Peer peer;
  bool peerSweeps = true;    // it may be told to sweep; otherwise it keeps what it was not told to delete
  bool peerChooses = false;  // it sends a choice: that it lacks a record means nothing

  // The peer takes back a record. May it go here? `fromPeer`: this end got the record's latest state from the peer.
  bool mayTakeBack(bool fromPeer) const { return writes.mayErase && (imports() || fromPeer); }
  // Is what the peer removes here, by a sweep or by taking back, written down so that a user can restore it? What an
  // exporter gives and takes is the exporter's own.
  bool journalsRemovals() const { return !imports(); }
  // Should the two ends hold the same records, so that comparing digests means something?
  bool comparable() const { return sends && receives && scope.full() && !reads.chooses() && !peerChooses; }
};

// Puts this end's terms together with what the peer has said of its own.
Agreement agree(const Terms& mine, const Hello& its);

}  // namespace blazedb::sync
