// The wire: one frame, one message. The same bytes in process, over a unix socket and over TLS.
//
// The parts of frames have headers of their own: cursor.h, change.h, peer.h, bye.h, scope.h, digest_line.h.
//
// A frame is a type byte and a body. Integers are varints unless said otherwise, strings and byte strings are a varint
// length and the bytes, a UUID is 16 bytes, an incarnation 8 bytes little-endian. docs/protocol.md draws each frame.
// This is the order of a conversation:
//
//   Hello      both ways: who I am, what I want (to send, to receive)
//   Subscribe  receiver -> sender: my cursor on your feed
//   Welcome    sender -> receiver: where I start, where my feed ends now, whether you must sweep
//   Batch      sender -> receiver: changes of the feed, transaction by transaction
//   Ack        receiver -> sender: applied up to here
//   Rejected   receiver -> sender: what I set aside, and why
//   Need/Rows  the receiver asks for whole records, the sender gives them
//   Digest, Buckets, Inventory   at rest: do we hold the same, and where do we differ
//   Ping/Pong  are you there, and where does your feed end
//   Bye        why the conversation ends
//
// Decoding never throws and never allocates more than five times the frame's own size. std::nullopt means that the peer
// breaks the protocol. A message has exactly one encoding: varints are as short as possible, and sets are ascending.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blazedb/uuid.h"
#include "sync/bye.h"
#include "sync/change.h"
#include "sync/cursor.h"
#include "sync/digest_line.h"
#include "sync/peer.h"
#include "sync/record_state.h"
#include "sync/scope.h"

namespace blazedb::sync {

inline constexpr std::uint64_t kProtocolVersion = 1;

enum class FrameType : std::uint8_t {
  hello = 1,
  subscribe = 2,
  welcome = 3,
  batch = 4,
  ack = 5,
  need = 6,
  rows = 7,
  digest = 8,
  buckets = 9,
  inventory = 10,
  bye = 11,
  ping = 12,
  pong = 13,
  rejected = 14,
};

struct Hello {
  std::uint64_t version = kProtocolVersion;
  Identity identity;
  std::int64_t wallMs = 0;
  bool sends = true;
  bool receives = true;
  bool chooses = false;  // a filter chooses what this end sends: a missing record means nothing
  bool sweeps = true;    // this end may be told to sweep; otherwise it keeps what it was not told to delete
  Scope scope;           // what this end wants or may have
  std::optional<std::vector<UUID>> teams;  // as Terms::teams
};
inline constexpr std::size_t kTeamsMax = 1000;

struct Subscribe {
  Cursor cursor;
  bool hasData = false;
  bool rejects = false;  // the receiver has set records of the sender aside; a Rejected follows that lists them
};

struct Welcome {
  std::uint64_t from = 0;
  std::uint64_t feedEnd = 0;
  std::uint64_t ahead = 0;  // about how many records will come
  bool sweep = false;
  std::uint64_t horizon = 0;       // the sender may have forgotten deletes up to here
  std::uint64_t teamsRefused = 0;  // of the teams that the receiver wants: nothing of them will come
  Cursor applied;                  // what the sender of this frame has applied of the receiver's feed
};

struct Batch {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool atEnd = false;                // the feed ended at `to`
  std::uint64_t reach = 0;           // Cursor::reach; `to` if nothing was passed over
  std::optional<SealedPlace> place;  // Cursor::place
  std::vector<Change> changes;
};

struct Ack {
  std::uint64_t position = 0;
  std::uint64_t feedEnd = 0;  // of the replica that acknowledges; kPositionMax: a later Ack will say
};

struct Need {
  std::vector<RecordKey> keys;  // ascending, at most kNeedKeysMax
};

// Whole records outside the feed's order: an answer to Need, or a repair. In an answer `gone` lists the records that
// the sender no longer holds.
struct Rows {
  bool answer = false;
  std::vector<RecordKey> gone;
  std::vector<Change> changes;
};

// Valid only while the sender's feed ends at `feedEnd` and it has applied the receiver's feed up to `applied`.
struct DigestFrame {
  std::uint64_t feedEnd = 0;
  std::uint64_t applied = 0;
  std::vector<DigestLine> collections;  // ascending by name
};

// What the sender holds of a collection from the id `from` on: at most kBucketsMax adjoining ranges, each with its last
// id and the sum over its live records.
struct Buckets {
  std::string collection;
  UUID from;
  std::vector<std::pair<UUID, Digest>> sums;
};

// The answer to Buckets. Either the ranges from `from` to `to` differ, and `records` lists what the sender holds there;
// or nothing differs up to `to`, and `from` equals `to`. The sender has not looked at anything behind `to`.
struct Inventory {
  std::string collection;
  UUID from;
  UUID to;
  bool differs = false;
  std::vector<std::pair<UUID, Hash128>> records;  // ascending
};
inline constexpr std::size_t kBucketsMax = 256;
inline constexpr std::size_t kInventoryRecordsMax = 4096;

struct Ping {
  std::uint64_t number = 0;
};

// The answer to the Ping of that number. `feedEnd` was read after the Ping arrived.
struct Pong {
  std::uint64_t number = 0;
  std::uint64_t feedEnd = 0;
};

// Builds a Batch or Rows frame change by change, straight from what storage reads.
class BatchWriter {
 public:
  // A place to rewind() to.
  struct Checkpoint {
    std::size_t bytes = 0;
    std::size_t changes = 0;
    std::size_t lastFlags = 0;
    std::uint64_t position = 0;
  };

  // `counts`: the positions of changes count on from `from`, whatever Change::position says.
  explicit BatchWriter(std::uint64_t from = 0, bool counts = false) : from_(from), counts_(counts) {}

  void add(const Change& change);
  // Marks the change that was added last as the end of its transaction.
  void endTransaction();
  std::size_t changes() const { return at_.changes; }
  std::size_t bytes() const { return body_.size(); }
  Checkpoint checkpoint() const { return at_; }
  // Removes everything that was added after `to`.
  void rewind(const Checkpoint& to);

  base::Bytes finishBatch(std::uint64_t to, bool atEnd, std::uint64_t reach,
                          const std::optional<SealedPlace>& place = std::nullopt) const;
  base::Bytes finishRows(bool answer, const std::vector<RecordKey>& gone) const;

 private:
  std::uint64_t from_;
  bool counts_;
  base::Bytes body_;
  Checkpoint at_;
  std::string lastCollection_;
};

base::Bytes encode(const Hello&);
base::Bytes encode(const Subscribe&);
base::Bytes encode(const Welcome&);
base::Bytes encode(const Ack&);
base::Bytes encode(const Need&);
base::Bytes encode(const DigestFrame&);
base::Bytes encode(const Buckets&);
base::Bytes encode(const Inventory&);
base::Bytes encode(const Ping&);
base::Bytes encode(const Pong&);
base::Bytes encode(const Bye&);
base::Bytes encode(const Rejected&);

// The type of a frame; std::nullopt for an empty frame or an unknown type.
std::optional<FrameType> typeOf(base::ByteView frame);

// Each takes a frame of its type, type byte included. The results view `frame` where they have views.
std::optional<Hello> decodeHello(base::ByteView frame);
std::optional<Subscribe> decodeSubscribe(base::ByteView frame);
std::optional<Welcome> decodeWelcome(base::ByteView frame);
std::optional<Batch> decodeBatch(base::ByteView frame);
std::optional<Ack> decodeAck(base::ByteView frame);
std::optional<Need> decodeNeed(base::ByteView frame);
std::optional<Rows> decodeRows(base::ByteView frame);
std::optional<DigestFrame> decodeDigest(base::ByteView frame);
std::optional<Buckets> decodeBuckets(base::ByteView frame);
std::optional<Inventory> decodeInventory(base::ByteView frame);
std::optional<Ping> decodePing(base::ByteView frame);
std::optional<Pong> decodePong(base::ByteView frame);
std::optional<Bye> decodeBye(base::ByteView frame);
std::optional<Rejected> decodeRejected(base::ByteView frame);

}  // namespace blazedb::sync
