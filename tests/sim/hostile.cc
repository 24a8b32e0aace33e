#include "sim/hostile.h"

#include <set>

#include "codec/fields.h"

namespace blazedb::sim {
namespace {

constexpr std::int64_t kDayMs = 24 * 3600 * 1000;

}  // namespace

sync::SessionOptions rights(Weakness weakness) {
  sync::SessionOptions options;
  options.terms.receives = weakness != Weakness::reads;
  options.terms.writes.mayBeServer = options.terms.writes.mayErase = false;
  options.terms.writes.trust = sync::StampTrust::own;
  if (weakness == Weakness::ownOnly) options.terms.scope = sync::makeScope({{HostilePeer::kOwnCollection}}, {});
  return options;
}

HostilePeer::HostilePeer(Dice& dice, Weakness weakness, const UUID& replica)
    : dice_(dice), weakness_(weakness), replica_(replica), incarnation_(dice.roll() | 1) {}

base::Bytes HostilePeer::hello(const Targets& targets) const {
  sync::Hello hello;
  hello.identity = {replica_, incarnation_, sync::Role::client, "guest"};
  hello.wallMs = targets.wallMs;
  return sync::encode(hello);
}

void HostilePeer::heard(const base::Bytes& frame) {
  if (auto hello = sync::decodeHello(frame)) hub_ = hello->identity.incarnation;
  if (auto batch = sync::decodeBatch(frame)) unacknowledged_.push_back(batch->to);
  if (auto need = sync::decodeNeed(frame)) asked_ = need->keys;
  if (auto rejected = sync::decodeRejected(frame))
    for (const sync::Rejection& each : rejected->records)
      if (each.why && each.key.collection == kOwnCollection) refused_.push_back(each.key);
}

// Mostly sends the frame that is due, so that the conversation goes on; otherwise any frame.
base::Bytes HostilePeer::next(const Targets& targets) {
  bool receives = weakness_ != Weakness::reads;
  if (dice_.percent(90)) {
    if (!subscribed_) return subscribe();
    if (receives && !welcomed_) return welcome();
    if (!asked_.empty() && dice_.percent(70)) return rows(targets);
    if (!unacknowledged_.empty() && dice_.percent(50)) return ack();
    if (receives && dice_.percent(50)) return batch(targets);
  }
  switch (dice_.below(12)) {
    case 0:
      return dice_.percent(50) ? subscribe() : welcome();
    case 1:
    case 2:
      return batch(targets);
    case 3:
      return ack();
    case 4:
      return rows(targets);
    case 5:
    case 6:
      return need(targets);
    case 7:
    case 8:
      return digest();
    case 9:
      return buckets();
    case 10:
      return inventory(targets);
    default:
      return dice_.percent(50) ? sync::encode(sync::Ping{dice_.roll()})
                               : sync::encode(sync::Pong{dice_.roll(), anyPosition()});
  }
}

base::Bytes HostilePeer::subscribe() {
  subscribed_ = true;
  return sync::encode(sync::Subscribe{dice_.percent(50) ? sync::Cursor{} : anyCursor(), dice_.percent(50)});
}

base::Bytes HostilePeer::welcome() {
  welcomed_ = true;
  sync::Welcome welcome;
  welcome.feedEnd = anyPosition();
  welcome.ahead = anyPosition();
  welcome.applied = anyCursor();
  if (dice_.percent(20)) welcome.from = anyPosition();
  welcome.sweep = dice_.percent(50);
  welcome.horizon = anyPosition();
  sent_ = welcome.from;
  return sync::encode(welcome);
}

base::Bytes HostilePeer::batch(const Targets& targets) {
  std::uint64_t from = dice_.percent(90) ? sent_ : anyPosition();
  sync::BatchWriter writer(from);
  std::uint64_t changes = dice_.below(4);
  for (std::uint64_t i = 0; i < changes; i++) addChange(targets, writer, from + i + 1, anyKey(targets));
  if (changes > 0) writer.endTransaction();
  std::uint64_t to = dice_.percent(90) ? from + changes : from + dice_.below(1u << 20);
  sent_ = to;
  return writer.finishBatch(to, dice_.percent(70), to + (dice_.percent(20) ? dice_.below(1000) : 0));
}

base::Bytes HostilePeer::rows(const Targets& targets) {
  bool answer = !asked_.empty() || dice_.percent(30);
  std::vector<sync::RecordKey> gone;
  sync::BatchWriter writer;
  if (!asked_.empty() && dice_.percent(70)) {
    addChange(targets, writer, 0, asked_.back());
    asked_.pop_back();
    if (dice_.percent(70)) return writer.finishRows(answer, gone);
  }
  if (!asked_.empty() && dice_.percent(60)) {
    gone.push_back(asked_.back());
    asked_.pop_back();
  }
  if (dice_.percent(30)) gone.push_back(anyKey(targets));
  for (std::uint64_t i = dice_.below(4); i > 0; i--) addChange(targets, writer, 0, anyKey(targets));
  return writer.finishRows(answer, gone);
}

base::Bytes HostilePeer::ack() {
  std::uint64_t position = anyPosition();
  if (!unacknowledged_.empty() && dice_.percent(90)) {
    position = unacknowledged_.front();
    unacknowledged_.pop_front();
  }
  return sync::encode(sync::Ack{position, anyPosition()});
}

base::Bytes HostilePeer::need(const Targets& targets) {
  sync::Need need;
  for (std::uint64_t i = dice_.percent(20) ? dice_.below(500) : dice_.below(5) + 1; i > 0; i--)
    need.keys.push_back(anyKey(targets));
  return sync::encode(need);
}

base::Bytes HostilePeer::digest() {
  sync::DigestFrame digest{dice_.percent(70) ? sent_ : anyPosition(), anyPosition(), {}};
  for (std::uint64_t i = dice_.percent(20) ? dice_.below(500) : dice_.below(4); i > 0; i--)
    digest.collections.push_back({anyCollection(), dice_.below(1000), {dice_.roll(), dice_.roll()}});
  return sync::encode(digest);
}

base::Bytes HostilePeer::buckets() {
  sync::Buckets buckets{anyCollection(), {}, {}};
  std::uint64_t ranges = dice_.below(sync::kBucketsMax) + 1;
  for (std::uint64_t i = 0; i < ranges; i++) {
    UUID to;
    to.bytes[0] = static_cast<std::uint8_t>(i);
    buckets.sums.emplace_back(to, sync::Digest{dice_.roll(), dice_.roll()});
  }
  buckets.sums.back().first.bytes.fill(0xff);
  return sync::encode(buckets);
}

base::Bytes HostilePeer::inventory(const Targets& targets) {
  sync::Inventory inventory;
  inventory.collection = anyCollection();
  inventory.to.bytes.fill(0xff);
  std::set<UUID> ids;
  for (std::uint64_t i = dice_.below(20); i > 0; i--) ids.insert(anyKey(targets).id);
  for (const UUID& id : ids) inventory.records.emplace_back(id, sync::Hash128{dice_.roll(), dice_.roll()});
  inventory.differs = !ids.empty();
  return sync::encode(inventory);
}

// A correct change of one of its own records, if it may have any; or a change of another's record that its token does
// not allow.
void HostilePeer::addChange(const Targets& targets, sync::BatchWriter& to, std::uint64_t position,
                            sync::RecordKey key) {
  bool honest = dice_.percent(weakness_ == Weakness::ownOnly ? 80 : 40);
  if (honest) key.collection = kOwnCollection;
  bool follows = honest && !refused_.empty() && dice_.percent(30);  // a correct part of a refused record
  if (follows) key = refused_[dice_.below(refused_.size())];
  sync::Change change;
  change.collection = key.collection;
  change.id = key.id;
  change.position = position;
  change.complete = !follows && dice_.percent(70);
  change.left = !honest && dice_.percent(25);
  if (change.left) return to.add(change);

  sync::RecordState state;
  // If its token lets it write nothing, a correct stamp is just as forbidden.
  bool nothingMayBeSaid = !honest && weakness_ != Weakness::writesAsAny && key.collection != kOwnCollection;
  sync::Stamp stamp = anyStamp(targets, honest || (nothingMayBeSaid && dice_.percent(50)));
  base::Bytes value;
  static_cast<void>(codec::encodeValue(value, Value(static_cast<std::int64_t>(dice_.below(1000)))));
  if (change.complete || dice_.percent(50)) state.base = {stamp, {}, 0};
  if (dice_.percent(30)) state.tomb = {stamp, {}, 0};
  if (dice_.percent(80)) state.cells.push_back({"a", value, stamp, {}, 0});
  state.whole = dice_.percent(80);
  sync::EncodedState encoded;
  sync::encodeState(state, 0, encoded);
  change.stamps = encoded.stamps;
  change.fields = encoded.fields;
  to.add(change);
}

sync::RecordKey HostilePeer::anyKey(const Targets& targets) {
  if (!targets.held.empty() && dice_.percent(80)) {
    const Key& key = targets.held[dice_.below(targets.held.size())];
    return {key.first, key.second};
  }
  sync::RecordKey own{kOwnCollection, {}};
  own.id.bytes[15] = static_cast<std::uint8_t>(dice_.below(8));
  return own;
}

sync::Stamp HostilePeer::anyStamp(const Targets& targets, bool honest) {
  std::uint64_t now = sync::HybridClock::fromWall(targets.wallMs) + dice_.below(1000);
  if (honest) return {0, now, incarnation_};
  switch (dice_.below(3)) {
    case 0:
      return {now, now, incarnation_};  // with a server's authority
    case 1: {
      std::uint64_t ahead = sync::HybridClock::fromWall(targets.wallMs + dice_.between(1, 1000) * kDayMs);
      return {dice_.percent(50) ? ahead : 0, ahead, incarnation_};
    }
    default:
      return {dice_.percent(50) ? now : 0, now, hub_};
  }
}

sync::Cursor HostilePeer::anyCursor() {
  std::uint64_t position = anyPosition();
  return {dice_.percent(70) ? hub_ : dice_.roll(), position, position / 2, position + dice_.below(10)};
}

std::string HostilePeer::anyCollection() {
  if (dice_.percent(30)) return kOwnCollection;
  if (dice_.percent(50)) return "notes";
  return "c" + std::to_string(dice_.below(1'000'000));
}

std::uint64_t HostilePeer::anyPosition() {
  if (dice_.percent(40)) return dice_.below(100);
  return dice_.percent(50) ? dice_.roll() >> dice_.below(64) : sent_;
}

}  // namespace blazedb::sim
