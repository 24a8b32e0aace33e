// Encoders and decoders of all frames. A decoder checks every count against the bytes that are left before it
// allocates, and refuses whatever the encoder would not have written.
#include "sync/frames.h"

#include <algorithm>

#include "base/limits.h"
#include "base/names.h"
#include "codec/text.h"

namespace blazedb::sync {
namespace {

using base::Bytes;
using base::ByteView;
using base::Reader;

enum ChangeFlag : std::uint8_t { kEndsTransaction = 1, kComplete = 2, kSameCollection = 4, kLeft = 8 };
enum SubscribeFlag : std::uint8_t { kHasData = 1, kRejects = 2, kPlace = 4 };
enum BatchFlag : std::uint8_t { kAtEnd = 1, kSealed = 2 };
enum HelloFlag : std::uint8_t { kSends = 1, kReceives = 2, kChooses = 4, kKeeps = 8, kTeams = 16 };

Bytes begin(FrameType type) { return {static_cast<std::uint8_t>(type)}; }

// A reader behind the type byte. It has failed if the frame has another type.
Reader open(ByteView frame, FrameType type) {
  Reader in(frame);
  if (in.byte() != static_cast<std::uint8_t>(type)) in.fail();
  return in;
}

template <class T>
std::optional<T> close(Reader& in, T message) {
  if (!in.ok() || !in.atEnd()) return std::nullopt;
  return message;
}

void appendText(Bytes& out, std::string_view text) { base::appendSized(out, base::viewOf(text)); }

std::string_view readName(Reader& in) {
  std::string_view name = base::textOf(in.sized());
  if (!base::isName(name)) in.fail();
  return name;
}

UUID readUuid(Reader& in) {
  UUID id;
  ByteView raw = in.take(16);
  if (raw.size() == 16) std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

bool readBool(Reader& in) {
  std::uint8_t value = in.byte();
  if (value > 1) in.fail();
  return value == 1;
}

std::uint64_t readPosition(Reader& in) {
  std::uint64_t position = in.varint();
  if (position > kPositionMax) in.fail();
  return position;
}

void appendCursor(Bytes& out, const Cursor& cursor) {
  base::appendFixed64(out, cursor.incarnation);
  base::appendVarint(out, cursor.position);
  base::appendVarint(out, cursor.position - cursor.complete);
  base::appendVarint(out, cursor.reach - cursor.position);
}

Cursor readCursor(Reader& in) {
  Cursor cursor;
  cursor.incarnation = in.fixed64();
  cursor.position = readPosition(in);
  std::uint64_t behind = in.varint();
  if (behind > cursor.position) in.fail();
  cursor.complete = cursor.position - behind;
  std::uint64_t beyond = in.varint();
  if (beyond > kPositionMax - cursor.position) in.fail();
  cursor.reach = cursor.position + beyond;
  return cursor;
}

void appendPlace(Bytes& out, const std::optional<SealedPlace>& place) {
  if (place) base::append(out, *place);
}

std::optional<SealedPlace> readPlace(Reader& in) {
  SealedPlace place{};
  ByteView raw = in.take(place.size());
  if (raw.size() == place.size()) std::copy(raw.begin(), raw.end(), place.begin());
  return place;
}

void appendKeys(Bytes& out, const std::vector<RecordKey>& keys) {
  base::appendVarint(out, keys.size());
  for (const RecordKey& key : keys) {
    appendText(out, key.collection);
    base::append(out, key.id.bytes);
  }
}

// Reads a count of things of at least `bytesEach` bytes. Fails if the rest of the frame cannot hold so many.
std::size_t readCount(Reader& in, std::size_t bytesEach, std::size_t most) {
  std::uint64_t count = in.varint();
  if (count > in.remaining() / bytesEach || count > most) in.fail();
  return in.ok() ? count : 0;
}

// Ascending.
std::vector<RecordKey> readKeys(Reader& in) {
  std::vector<RecordKey> keys(readCount(in, 18, base::kNeedKeysMax));
  for (std::size_t i = 0; i < keys.size(); i++) {
    keys[i].collection = readName(in);
    keys[i].id = readUuid(in);
    if (i > 0 && keys[i] <= keys[i - 1]) in.fail();
  }
  return keys;
}

void appendSum(Bytes& out, const Digest& digest) {
  base::appendFixed64(out, digest.low);
  base::appendFixed64(out, digest.high);
}

Digest readSum(Reader& in) {
  Digest digest;
  digest.low = in.fixed64();
  digest.high = in.fixed64();
  return digest;
}

std::vector<Change> readChanges(Reader& in) {
  std::vector<Change> changes(readCount(in, 20, base::kTransactionRecordsMax));
  std::string_view collection;
  std::uint64_t position = 0;
  for (Change& change : changes) {
    std::uint8_t flags = in.byte();
    if (flags > 15) in.fail();
    change.endsTransaction = flags & kEndsTransaction;
    change.complete = flags & kComplete;
    change.left = flags & kLeft;
    if (!(flags & kSameCollection)) collection = readName(in);
    if (collection.empty()) in.fail();
    change.collection = collection;
    change.id = readUuid(in);
    std::uint64_t beyond = in.varint();
    if (beyond > kPositionMax - position) in.fail();
    change.position = position += beyond;
    change.stamps = in.sized();
    change.fields = in.sized();
    if (change.left && !(change.stamps.empty() && change.fields.empty())) in.fail();
    if (!in.ok()) return {};
  }
  return changes;
}

}  // namespace

void BatchWriter::add(const Change& change) {
  at_.lastFlags = body_.size();
  bool same = at_.changes > 0 && change.collection == lastCollection_;
  body_.push_back(static_cast<std::uint8_t>((change.endsTransaction ? kEndsTransaction : 0) |
                                            (change.complete ? kComplete : 0) | (same ? kSameCollection : 0) |
                                            (change.left ? kLeft : 0)));
  if (!same) {
    appendText(body_, change.collection);
    lastCollection_ = change.collection;
  }
  base::append(body_, change.id.bytes);
  std::uint64_t position = counts_ ? from_ + at_.changes + 1 : change.position;
  base::appendVarint(body_, position - at_.position);
  at_.position = position;
  base::appendSized(body_, change.stamps);
  base::appendSized(body_, change.fields);
  at_.changes++;
  at_.bytes = body_.size();
}

void BatchWriter::endTransaction() {
  if (at_.changes > 0) body_[at_.lastFlags] |= kEndsTransaction;
}

void BatchWriter::rewind(const Checkpoint& to) {
  body_.resize(to.bytes);
  at_ = to;
  lastCollection_.clear();
}

Bytes BatchWriter::finishBatch(std::uint64_t to, bool atEnd, std::uint64_t reach,
                               const std::optional<SealedPlace>& place) const {
  Bytes out = begin(FrameType::batch);
  out.reserve(body_.size() + kSealedPlaceBytes + 32);
  base::appendVarint(out, from_);
  base::appendVarint(out, to);
  out.push_back(static_cast<std::uint8_t>((atEnd ? kAtEnd : 0) | (place ? kSealed : 0)));
  base::appendVarint(out, reach - to);
  appendPlace(out, place);
  base::appendVarint(out, at_.changes);
  base::append(out, body_);
  return out;
}

Bytes BatchWriter::finishRows(bool answer, const std::vector<RecordKey>& gone) const {
  Bytes out = begin(FrameType::rows);
  out.push_back(answer ? 1 : 0);
  appendKeys(out, gone);
  base::appendVarint(out, at_.changes);
  base::append(out, body_);
  return out;
}

Bytes encode(const Hello& hello) {
  Bytes out = begin(FrameType::hello);
  base::appendVarint(out, hello.version);
  base::append(out, hello.identity.replica.bytes);
  base::appendFixed64(out, hello.identity.incarnation);
  out.push_back(static_cast<std::uint8_t>(hello.identity.role));
  appendText(out, hello.identity.name);
  base::appendFixed64(out, static_cast<std::uint64_t>(hello.wallMs));
  out.push_back(static_cast<std::uint8_t>((hello.sends ? kSends : 0) | (hello.receives ? kReceives : 0) |
                                          (hello.chooses ? kChooses : 0) | (hello.sweeps ? 0 : kKeeps) |
                                          (hello.teams ? kTeams : 0)));
  base::appendSized(out, encode(hello.scope));
  if (!hello.teams) return out;
  base::appendVarint(out, hello.teams->size());
  for (const UUID& team : *hello.teams) base::append(out, team.bytes);
  return out;
}

std::optional<Hello> decodeHello(ByteView frame) {
  Reader in = open(frame, FrameType::hello);
  Hello hello;
  hello.version = in.varint();
  if (hello.version > kProtocolVersion)
    return hello;  // the rest may look different; the version alone says what to answer
  hello.identity.replica = readUuid(in);
  hello.identity.incarnation = in.fixed64();
  std::uint8_t role = in.byte();
  if (role > 1) in.fail();
  hello.identity.role = static_cast<Role>(role);
  hello.identity.name = readName(in);
  hello.wallMs = static_cast<std::int64_t>(in.fixed64());
  std::uint8_t flags = in.byte();
  if (flags > 31) in.fail();
  hello.sweeps = !(flags & kKeeps);
  hello.chooses = flags & kChooses;
  hello.sends = flags & kSends;
  hello.receives = flags & kReceives;
  std::optional<Scope> scope = decodeScope(in.sized());
  if (!scope)
    in.fail();
  else
    hello.scope = std::move(*scope);
  if (flags & kTeams) {
    hello.teams.emplace();
    std::uint64_t count = in.varint();
    if (count > kTeamsMax) in.fail();
    for (std::uint64_t i = 0; i < count && in.ok(); i++) hello.teams->push_back(readUuid(in));
  }
  return close(in, std::move(hello));
}

Bytes encode(const Subscribe& subscribe) {
  Bytes out = begin(FrameType::subscribe);
  appendCursor(out, subscribe.cursor);
  out.push_back(static_cast<std::uint8_t>((subscribe.hasData ? kHasData : 0) | (subscribe.rejects ? kRejects : 0) |
                                          (subscribe.cursor.place ? kPlace : 0)));
  appendPlace(out, subscribe.cursor.place);
  return out;
}

std::optional<Subscribe> decodeSubscribe(ByteView frame) {
  Reader in = open(frame, FrameType::subscribe);
  Subscribe subscribe;
  subscribe.cursor = readCursor(in);
  std::uint8_t flags = in.byte();
  if (flags > (kHasData | kRejects | kPlace)) in.fail();
  subscribe.hasData = flags & kHasData;
  subscribe.rejects = flags & kRejects;
  if (flags & kPlace) subscribe.cursor.place = readPlace(in);
  return close(in, subscribe);
}

Bytes encode(const Welcome& welcome) {
  Bytes out = begin(FrameType::welcome);
  base::appendVarint(out, welcome.from);
  base::appendVarint(out, welcome.feedEnd);
  base::appendVarint(out, welcome.ahead);
  out.push_back(welcome.sweep ? 1 : 0);
  base::appendVarint(out, welcome.horizon);
  base::appendVarint(out, welcome.teamsRefused);
  appendCursor(out, welcome.applied);
  return out;
}

std::optional<Welcome> decodeWelcome(ByteView frame) {
  Reader in = open(frame, FrameType::welcome);
  Welcome welcome;
  welcome.from = readPosition(in);
  welcome.feedEnd = readPosition(in);
  welcome.ahead = readPosition(in);
  welcome.sweep = readBool(in);
  welcome.horizon = readPosition(in);
  welcome.teamsRefused = readPosition(in);
  welcome.applied = readCursor(in);
  return close(in, welcome);
}

std::optional<Batch> decodeBatch(ByteView frame) {
  Reader in = open(frame, FrameType::batch);
  Batch batch;
  batch.from = readPosition(in);
  batch.to = readPosition(in);
  std::uint8_t flags = in.byte();
  if (flags > (kAtEnd | kSealed)) in.fail();
  batch.atEnd = flags & kAtEnd;
  std::uint64_t beyond = in.varint();
  if (beyond > kPositionMax - batch.to) in.fail();
  batch.reach = batch.to + beyond;
  if (flags & kSealed) batch.place = readPlace(in);
  batch.changes = readChanges(in);
  if (batch.to < batch.from) in.fail();
  std::uint64_t before = batch.from;
  for (const Change& change : batch.changes) {
    if (change.position <= before || change.position > batch.to) in.fail();
    before = change.position;
  }
  return close(in, std::move(batch));
}

Bytes encode(const Ack& ack) {
  Bytes out = begin(FrameType::ack);
  base::appendVarint(out, ack.position);
  base::appendVarint(out, ack.feedEnd);
  return out;
}

std::optional<Ack> decodeAck(ByteView frame) {
  Reader in = open(frame, FrameType::ack);
  Ack ack;
  ack.position = readPosition(in);
  ack.feedEnd = readPosition(in);
  return close(in, ack);
}

Bytes encode(const Need& need) {
  Bytes out = begin(FrameType::need);
  appendKeys(out, need.keys);
  return out;
}

std::optional<Need> decodeNeed(ByteView frame) {
  Reader in = open(frame, FrameType::need);
  Need need;
  need.keys = readKeys(in);
  return close(in, std::move(need));
}

std::optional<Rows> decodeRows(ByteView frame) {
  Reader in = open(frame, FrameType::rows);
  Rows rows;
  rows.answer = readBool(in);
  rows.gone = readKeys(in);
  rows.changes = readChanges(in);
  for (const Change& change : rows.changes)
    if (change.position != 0 || change.left) in.fail();
  return close(in, std::move(rows));
}

Bytes encode(const DigestFrame& digest) {
  Bytes out = begin(FrameType::digest);
  base::appendVarint(out, digest.feedEnd);
  base::appendVarint(out, digest.applied);
  base::appendVarint(out, digest.collections.size());
  for (const DigestLine& line : digest.collections) {
    appendText(out, line.collection);
    base::appendVarint(out, line.live);
    appendSum(out, line.digest);
  }
  return out;
}

std::optional<DigestFrame> decodeDigest(ByteView frame) {
  Reader in = open(frame, FrameType::digest);
  DigestFrame digest;
  digest.feedEnd = readPosition(in);
  digest.applied = readPosition(in);
  digest.collections.resize(readCount(in, 19, in.remaining()));
  std::string_view before;
  for (DigestLine& line : digest.collections) {
    std::string_view name = readName(in);
    if (name <= before) in.fail();
    line.collection = before = name;
    line.live = in.varint();
    line.digest = readSum(in);
    if (!in.ok()) return std::nullopt;
  }
  return close(in, std::move(digest));
}

Bytes encode(const Buckets& buckets) {
  Bytes out = begin(FrameType::buckets);
  appendText(out, buckets.collection);
  base::append(out, buckets.from.bytes);
  base::appendVarint(out, buckets.sums.size());
  for (const auto& [to, sum] : buckets.sums) {
    base::append(out, to.bytes);
    appendSum(out, sum);
  }
  return out;
}

std::optional<Buckets> decodeBuckets(ByteView frame) {
  Reader in = open(frame, FrameType::buckets);
  Buckets buckets;
  buckets.collection = readName(in);
  buckets.from = readUuid(in);
  buckets.sums.resize(readCount(in, 32, kBucketsMax));
  if (buckets.sums.empty()) in.fail();
  for (std::size_t i = 0; i < buckets.sums.size(); i++) {
    auto& [to, sum] = buckets.sums[i];
    to = readUuid(in);
    sum = readSum(in);
    if (i > 0 ? to <= buckets.sums[i - 1].first : to < buckets.from) in.fail();
  }
  return close(in, std::move(buckets));
}

Bytes encode(const Inventory& inventory) {
  Bytes out = begin(FrameType::inventory);
  appendText(out, inventory.collection);
  base::append(out, inventory.from.bytes);
  base::append(out, inventory.to.bytes);
  out.push_back(inventory.differs ? 1 : 0);
  base::appendVarint(out, inventory.records.size());
  for (const auto& [id, hash] : inventory.records) {
    base::append(out, id.bytes);
    base::appendFixed64(out, hash[0]);
    base::appendFixed64(out, hash[1]);
  }
  return out;
}

std::optional<Inventory> decodeInventory(ByteView frame) {
  Reader in = open(frame, FrameType::inventory);
  Inventory inventory;
  inventory.collection = readName(in);
  inventory.from = readUuid(in);
  inventory.to = readUuid(in);
  inventory.differs = readBool(in);
  if (inventory.differs ? inventory.to < inventory.from : inventory.to != inventory.from) in.fail();
  inventory.records.resize(readCount(in, 32, inventory.differs ? kInventoryRecordsMax : 0));
  for (std::size_t i = 0; i < inventory.records.size(); i++) {
    auto& [id, hash] = inventory.records[i];
    id = readUuid(in);
    hash[0] = in.fixed64();
    hash[1] = in.fixed64();
    if (i > 0 ? id <= inventory.records[i - 1].first : id < inventory.from) in.fail();
    if (id > inventory.to) in.fail();
  }
  return close(in, std::move(inventory));
}

Bytes encode(const Ping& ping) {
  Bytes out = begin(FrameType::ping);
  base::appendVarint(out, ping.number);
  return out;
}

std::optional<Ping> decodePing(ByteView frame) {
  Reader in = open(frame, FrameType::ping);
  Ping ping{in.varint()};
  return close(in, ping);
}

Bytes encode(const Pong& pong) {
  Bytes out = begin(FrameType::pong);
  base::appendVarint(out, pong.number);
  base::appendVarint(out, pong.feedEnd);
  return out;
}

std::optional<Pong> decodePong(ByteView frame) {
  Reader in = open(frame, FrameType::pong);
  Pong pong;
  pong.number = in.varint();
  pong.feedEnd = readPosition(in);
  return close(in, pong);
}

// A peer refuses a text of several lines and would not learn the reason. The text may come from an application's
// filter, so this makes one line of it, within `bytesMax`.
static std::string oneLine(std::string_view text, std::size_t bytesMax) {
  std::size_t length = std::min(text.size(), bytesMax);
  if (length < text.size())
    while (length > 0 && (static_cast<std::uint8_t>(text[length]) & 0xC0) == 0x80) length--;  // not within a character
  return codec::onOneLine(std::string(text.substr(0, length)));
}

Bytes encode(const Bye& bye) {
  Bytes out = begin(FrameType::bye);
  base::appendVarint(out, static_cast<std::uint64_t>(bye.code));
  appendText(out, oneLine(bye.text, base::kByeTextBytesMax));
  return out;
}

std::optional<Bye> decodeBye(ByteView frame) {
  Reader in = open(frame, FrameType::bye);
  Bye bye;
  bye.code = static_cast<ErrorCode>(in.varint());
  ByteView text = in.sized();
  if (text.size() > base::kByeTextBytesMax || !codec::isOneLine(base::textOf(text))) in.fail();
  bye.text = base::textOf(text);
  return close(in, std::move(bye));
}

// Code 0 stands for an absent reason.
Bytes encode(const Rejected& rejected) {
  Bytes out = begin(FrameType::rejected);
  out.push_back(rejected.all ? 1 : 0);
  base::appendVarint(out, rejected.records.size());
  for (const Rejection& each : rejected.records) {
    appendText(out, each.key.collection);
    base::append(out, each.key.id.bytes);
    base::appendVarint(out, each.why ? static_cast<std::uint64_t>(each.why->code) : 0);
    appendText(out, each.why ? oneLine(each.why->text, base::kReasonBytesMax) : "");
  }
  return out;
}

std::optional<Rejected> decodeRejected(ByteView frame) {
  Reader in = open(frame, FrameType::rejected);
  Rejected rejected;
  rejected.all = readBool(in);
  rejected.records.resize(readCount(in, 20, base::kRejectedMax + base::kTransactionRecordsMax));
  for (Rejection& each : rejected.records) {
    each.key.collection = readName(in);
    each.key.id = readUuid(in);
    std::uint64_t code = in.varint();
    ByteView text = in.sized();
    auto reason = static_cast<ErrorCode>(code);
    bool known = reason == ErrorCode::ClockSkew || reason == ErrorCode::TooLarge || reason == ErrorCode::NotAllowed ||
                 reason == ErrorCode::PermissionDenied;
    if (code > UINT16_MAX || text.size() > base::kReasonBytesMax || !(code == 0 ? text.empty() : known)) in.fail();
    if (!in.ok() || !codec::isOneLine(base::textOf(text))) return std::nullopt;
    if (code != 0) each.why = {static_cast<ErrorCode>(code), std::string(base::textOf(text))};
  }
  return close(in, std::move(rejected));
}

std::optional<FrameType> typeOf(ByteView frame) {
  if (frame.empty() || frame[0] < 1 || frame[0] > static_cast<std::uint8_t>(FrameType::rejected)) return std::nullopt;
  return static_cast<FrameType>(frame[0]);
}

}  // namespace blazedb::sync
