// The wire: one frame, one message. The same bytes in process, over a unix socket and over TLS.
//
// What frames speak of has headers of its own: cursor.h, change.h, peer.h, bye.h, scope.h, digest_line.h.
//
// A frame is a type byte and a body. Integers are varints unless said otherwise, strings and byte strings are a varint
// length and the bytes, a UUID is 16 bytes, an incarnation 8 bytes little-endian. docs/protocol.md draws each of them;
// this is the order of a conversation:
//
//   Hello      both ways: who I am, what I want (to send, to receive)
//   Subscribe  receiver -> sender: my cursor on your feed
//   Welcome    sender -> receiver: where I start, where my feed ends now, whether you must sweep
//   Batch      sender -> receiver: changes of the feed, transaction by transaction
//   Ack        receiver -> sender: applied up to here
//   Rejected   receiver -> sender: what was not merged, and why
//   Need/Rows  receiver asks for whole records, sender gives them
//   Digest, Buckets, Inventory   at rest: is it the same? where does it differ?
//   Ping/Pong  is anybody there, and where does your feed end
//   Bye        why the conversation ends
//
// Decoding never throws and never allocates more than five times the frame's own size; std::nullopt means that the
// peer breaks the protocol. A message has one encoding: varints as short as they can be, what is a set ascending.
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
  bool chooses = false;  // what this end sends is a choice: that a record is missing there means nothing
  bool sweeps = true;    // may be told to sweep; else it keeps what it was not told to delete
  Scope scope;           // what this end wants or may have
};

struct Subscribe {
  Cursor cursor;
  bool hasData = false;
  bool rejects = false;  // it has refused records of the sender's, and is about to say which
};

struct Welcome {
  std::uint64_t from = 0;
  std::uint64_t feedEnd = 0;
  std::uint64_t ahead = 0;  // about how many records will come
  bool sweep = false;
  std::uint64_t horizon = 0;  // deletes up to here may be forgotten
  Cursor applied;             // what the sender of this frame has applied of the receiver's feed
};

struct Batch {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool atEnd = false;       // the feed ended at `to`
  std::uint64_t reach = 0;  // what was passed over lies up to here; `to` where nothing was: see Cursor
  std::vector<Change> changes;
};

struct Ack {
  std::uint64_t position = 0;
  std::uint64_t feedEnd = 0;  // of the replica that acknowledges
};

struct Need {
  std::vector<RecordKey> keys;  // ascending, at most kNeedKeysMax
};

// Whole records outside the feed's order: an answer to Need (then `gone` lists those that are no longer held), or a
// repair.
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

// What the sender holds of a collection from the id `from` on: at most kBucketsMax ranges, each with its last id and
// the sum of the live records in it. One ends where the next begins.
struct Buckets {
  std::string collection;
  UUID from;
  std::vector<std::pair<UUID, Digest>> sums;
};

// The answer: it differs from `from` to `to`, and that is what there is; or nothing differs up to `to`, and both are
// that. What lies behind was not looked at.
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

// The answer to the Ping of that number. What it says of the feed was true after the Ping had come.
struct Pong {
  std::uint64_t number = 0;
  std::uint64_t feedEnd = 0;
};

// Builds a Batch or Rows frame change by change, straight from what storage reads.
class BatchWriter {
 public:
  // The number of changes and bytes so far, to come back to.
  struct Checkpoint {
    std::size_t bytes = 0;
    std::size_t changes = 0;
    std::size_t lastFlags = 0;
    std::uint64_t position = 0;
  };

  explicit BatchWriter(std::uint64_t from = 0) : from_(from) {}

  void add(const Change& change);
  // The change added last ends its transaction.
  void endTransaction();
  std::size_t changes() const { return at_.changes; }
  std::size_t bytes() const { return body_.size(); }
  Checkpoint checkpoint() const { return at_; }
  void rewind(const Checkpoint& to);

  base::Bytes finishBatch(std::uint64_t to, bool atEnd, std::uint64_t reach) const;
  base::Bytes finishRows(bool answer, const std::vector<RecordKey>& gone) const;

 private:
  std::uint64_t from_;
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

// The type of a frame, std::nullopt for an empty or unknown one.
std::optional<FrameType> typeOf(base::ByteView frame);

// Each expects the frame of its type, type byte included.
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
