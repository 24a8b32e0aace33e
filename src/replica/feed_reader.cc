// A batch grows entry by entry. The reader remembers the latest place where it may end, and goes back to that place
// when the next transaction does not fit.
#include "replica/feed_reader.h"

#include <algorithm>

#include "base/limits.h"
#include "replica/deliveries.h"
#include "replica/refused.h"
#include "sync/frames.h"

namespace blazedb::replica {
namespace {

// What a frame needs beside the change itself.
constexpr std::size_t kFrameMargin = 1024;
// The importer removes what it has lost while the next of it is read; it begins early.
constexpr std::size_t kMovedAtOnce = 2500, kMovedAtFirst = 500;

// Fills `change` with what changed in a record after the position `after` and belongs to the scope. The bytes are the
// row's own, or those of `encoded`. Returns false if there is nothing to send.
bool toChange(const Row& row, std::uint64_t after, const sync::Scope& scope, sync::EncodedState& encoded,
              sync::Change& change) {
  change.complete = true;
  change.stamps = row.stamps;
  change.fields = row.fields;
  if ((row.flags & kUniform) && scope.allFields()) return true;
  sync::RecordState state = row.state();
  change.complete = !state.whole || state.base.position > after;
  bool news = change.complete || state.tomb.position > after || state.floor.position > after;
  // A record that was deleted once lives by its latest stamp. Every part of it carries that stamp, or a reader without
  // the record would take it for dead.
  sync::Stamp life = state.alive() && state.tomb.stamp.present() ? state.latest() : sync::Stamp{};
  std::erase_if(state.cells, [&](const sync::Cell& cell) {
    bool out = scope.excludes(cell.name);
    if (!out && cell.position > after) news = true;
    return out || (!change.complete && cell.position <= after && !(life.present() && cell.stamp == life));
  });
  if (!news) return false;
  sync::encodeState(state, 0, encoded);
  change.stamps = encoded.stamps;
  change.fields = encoded.fields;
  return true;
}

}  // namespace

std::int64_t FeedReader::importerOf(const sync::Agreement& agreement) {
  return agreement.reads.chooses() ? rows_.importer(agreement.peer.replica) : 0;
}

sync::FeedRead FeedReader::read(const sync::FeedQuery& query, std::int64_t echo, sync::BatchWriter& out) {
  std::shared_ptr<const Catalog> names;
  sync::FeedRead read{query.after, query.complete, 0, true, 0};
  // The last place where a batch may end, and what was read there.
  sync::BatchWriter::Checkpoint good = out.checkpoint();
  sync::FeedRead goodRead = read;
  // If records of a transaction moved on, it has to be sent together with all transactions up to the position to which
  // they moved.
  std::uint64_t joinedUntil = 0;
  bool cut = false;   // the batch ends within a transaction
  bool full = false;  // the batch ends where the transaction ends, or before the next change of it
  sync::EncodedState encoded;
  const sync::Agreement& agreement = query.agreement;
  Chooser chooser(agreement.reads, query.complete);
  // A reader that must not learn what else changes gets what it would get if nothing else had changed.
  bool seals = agreement.seals();
  auto collectionOf = [&](const Row& row) -> const std::string& {
    if (!names || !names->names.contains(row.collection)) names = committed_.catalog();
    return names->names.at(row.collection);
  };
  auto concerns = [&](const Row& row) {
    if (!seals) return true;
    const std::string& collection = collectionOf(row);
    return agreement.scope.has(collection) && chooser.concerns(collection, row);
  };

  auto tooLarge = [&] {
    // A transaction beyond the limits goes in several batches. The transactions before it go first, in this batch.
    if (good.changes > 0 || (!seals && goodRead.to > query.after)) {
      out.rewind(good);
      read = goodRead;
    } else {
      cut = true;
    }
    read.atEnd = false;
    return false;
  };
  std::int64_t importer = importerOf(agreement);
  rows_.feed(query.after, importer, [&](const FeedEntry& entry) {
    const Row& row = entry.row;
    bool current = !entry.gone && row.position == entry.position;
    if (!entry.gone && row.position > entry.position && row.position > joinedUntil && concerns(row))
      joinedUntil = row.position;
    bool isEcho = echo != 0 && row.origin == echo && entry.position > query.echoesTo;
    bool withheld = current && isEcho && row.changedOnce(query.complete);
    bool dead = current && !row.alive() && row.position <= query.deadFrom;
    bool tell = current && !dead && (!withheld || agreement.reads.chooses());
    sync::Change change;
    if (tell) {
      const std::string& collection = collectionOf(row);
      change.collection = collection;
      Verdict verdict = agreement.scope.has(collection) ? chooser.judge(collection, row) : Verdict::nothing;
      change.left = verdict == Verdict::takeBack;
      std::uint64_t after = verdict == Verdict::give ? query.complete : 0;
      withheld = withheld && verdict != Verdict::giveAgain && row.changedOnce(after);
      if (verdict == Verdict::nothing || change.left) withheld = false;
      tell = change.left ||
             (!withheld && verdict != Verdict::nothing && toChange(row, after, agreement.scope, encoded, change));
    }
    if (withheld) read.withheld++;
    if (tell) {
      if (full) return false;
      if (out.changes() > 0 &&
          out.bytes() + row.stamps.size() + row.fields.size() + kFrameMargin > base::kFrameBytesMax)
        return tooLarge();
      change.id = row.id;
      change.position = entry.position;
      out.add(change);
    }
    read.to = entry.position;
    bool ends = entry.mark != 0 && entry.position >= joinedUntil;
    bool whole = ends || (query.catchingUp && entry.mark != 0);
    if (whole) out.endTransaction();
    if (whole || (query.catchingUp && out.bytes() >= 2 * query.bytesWanted)) {
      good = out.checkpoint();
      read.atEnd = out.bytes() < query.bytesWanted;
      goodRead = read;
      full = seals && !whole;
      return read.atEnd || full;
    }
    if (out.changes() >= base::kTransactionRecordsMax) return tooLarge();
    return true;
  });
  // While the reader catches up, nobody knows which of the records that it passed over come later. The same holds where
  // their old entries may have been trimmed.
  bool known = !seals && !query.catchingUp && !cut && query.complete == query.after &&
               query.after + kUntrimmed >= committed_.feedEnd();
  if (read.atEnd || known) read.complete = read.to;
  read.reach = std::max(committed_.feedEnd(), read.to);
  news_ = chooser.news();
  return read;
}

bool FeedReader::isMoved(const std::string& collection, const Row& row, const sync::Agreement& agreement,
                         const sync::Cursor& start) {
  if (row.position > start.position || !agreement.scope.has(collection))
    return false;  // the feed tells of it, if it may
  Verdict verdict = Chooser(agreement.reads, start.complete).judge(collection, row);
  if (verdict == Verdict::nothing || verdict == Verdict::give) return false;
  if (verdict == Verdict::takeBack || !row.delivery) return true;
  // The importer has what it sent, and what the feed gave it up to its cursor.
  bool hasIt = row.delivery->kind == Delivery::Kind::itsOwn ||
               (row.delivery->kind == Delivery::Kind::given && row.delivery->position == row.position);
  return !hasIt;
}

void FeedReader::readMoved(const sync::MovedQuery& query, sync::Moved& moved, sync::BatchWriter& out) {
  const sync::Agreement& agreement = query.agreement;
  std::int64_t importer = importerOf(agreement);
  std::shared_ptr<const Catalog> catalog = committed_.catalog();
  sync::EncodedState encoded;
  news_.clear();
  bool isFirst = moved.place.given == 0 && moved.place.entered == 0;
  std::size_t most = isFirst ? kMovedAtFirst : kMovedAtOnce;
  auto hasRoom = [&](const Row& row) {
    return out.changes() == 0 ||
           (out.bytes() < query.bytesWanted && out.changes() < most &&
            out.bytes() + row.stamps.size() + row.fields.size() + kFrameMargin <= base::kFrameBytesMax);
  };
  auto tell = [&](const Row& row) {
    auto collection = catalog->names.find(row.collection);
    if (collection == catalog->names.end() || !isMoved(collection->second, row, agreement, query.start)) return;
    Chooser chooser(agreement.reads, query.start.complete, query.notedAt);
    sync::Change change;
    change.collection = collection->second;
    change.id = row.id;
    change.left = chooser.judge(collection->second, row) == Verdict::takeBack;
    if (!change.left) toChange(row, 0, agreement.scope, encoded, change);
    out.add(change);
    news_.insert(news_.end(), chooser.news().begin(), chooser.news().end());
  };
  sync::Moved::Place& place = moved.place;
  bool isFull = false;
  auto enter = [&](std::size_t upTo) {
    rows_.findAt(std::span(moved.entering).subspan(place.entered, upTo - place.entered), importer,
                 [&](std::size_t, const Row* row) {
                   isFull = row && !hasRoom(*row);
                   if (isFull) return false;
                   if (row) tell(*row);
                   place.entered++;
                   return true;
                 });
  };
  if (place.given) {
    // Both kinds go in the order of their numbers, because neighbours are in the same pages of the file.
    rows_.delivered(importer, *place.given, [&](const Row& row) {
      auto next = moved.entering.begin() + static_cast<std::ptrdiff_t>(place.entered);
      auto beyond = std::lower_bound(next, moved.entering.end(), row.handle);
      if (beyond != next) enter(static_cast<std::size_t>(beyond - moved.entering.begin()));
      isFull = isFull || !hasRoom(row);
      if (isFull) return false;
      tell(row);
      place.given = row.handle;
      bool wasLive = row.alive() && row.position <= query.notedAt;
      auto lacking = place.lacking.find(row.collection);
      if (wasLive && row.delivery->kind != Delivery::Kind::takenBack && lacking != place.lacking.end() &&
          lacking->second > 0)
        lacking->second--;
      return true;
    });
    if (!isFull) place.given.reset();
  } else {
    enter(moved.entering.size());
  }
  out.endTransaction();
}

std::size_t FeedReader::readRecords(std::span<const sync::RecordKey> keys, const sync::Agreement& agreement,
                                    std::size_t bytesWanted, sync::BatchWriter& out,
                                    std::vector<sync::RecordKey>& gone) {
  std::shared_ptr<const Catalog> catalog = committed_.catalog();
  std::vector<Key> rows;
  rows.reserve(keys.size());
  for (const sync::RecordKey& key : keys) {
    auto collection = catalog->numbers.find(key.collection);
    bool carried = agreement.scope.has(key.collection) && collection != catalog->numbers.end();
    rows.push_back({carried ? collection->second : 0, key.id});  // no collection has the number 0
  }
  news_.clear();
  endsRefusal_ = false;
  std::map<sync::RecordKey, Refused> refused;
  for (Refused& each : rows_.refused(keys))
    if (each.peer == agreement.peer.replica) refused.emplace(each.key, std::move(each));
  std::size_t answered = 0;
  sync::EncodedState encoded;
  rows_.find(rows, importerOf(agreement), [&](std::size_t i, const Row* row) {
    const sync::RecordKey& key = keys[i];
    answered = i + 1;
    if (auto waits = refused.find(key); waits != refused.end()) {
      std::optional<sync::EncodedState> state = including(row, waits->second);
      if (!state) return gone.push_back(key), endsRefusal_ = true;
      Row whole;
      whole.id = key.id;
      whole.position = 1;
      whole.stamps = state->stamps;
      whole.fields = state->fields;
      sync::Change change;
      change.collection = key.collection;
      change.id = key.id;
      toChange(whole, 0, agreement.scope, encoded, change);
      change.complete = true;
      out.add(change);
      return out.bytes() < bytesWanted;
    }
    Chooser chooser(agreement.reads, 0);
    Verdict verdict = row ? chooser.judge(key.collection, *row) : Verdict::nothing;
    // The feed tells the importer of records that are taken back.
    if (verdict == Verdict::nothing || verdict == Verdict::takeBack) {
      gone.push_back(key);
    } else {
      sync::Change change;
      change.collection = key.collection;
      change.id = key.id;
      toChange(*row, 0, agreement.scope, encoded, change);
      change.complete = true;
      out.add(change);
      // The answer may be lost, and no cursor says so: the record is given again by what gives it next.
      bool isGiven = row->delivery && row->delivery->kind == Delivery::Kind::given;
      if (!chooser.news().empty() && !isGiven)
        news_.push_back({row->handle, {Delivery::Kind::given, sync::kPositionMax}});
    }
    return out.bytes() < bytesWanted;
  });
  return answered;
}

}  // namespace blazedb::replica
