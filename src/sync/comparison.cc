// The asking end sums up its records range by range (sumUp), asks, and sends what differs (repair). The answering end
// reads the same ranges and lists the first run of them that differs (answer). Each call of step() does one slice.
#include "sync/comparison.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace blazedb::sync {
namespace {

constexpr std::size_t kRowsPerStep = 512;
constexpr std::size_t kRecordsPerRange = 256;
// An answer ends with the range in which it reaches this number of records.
constexpr std::size_t kInventoryRecords = 2048;
constexpr std::size_t kRepairBytes = 512u << 10;
constexpr std::int64_t kPauseMsMax = 30'000;
// The next comparison takes the collections beyond.
constexpr std::size_t kCollectionsAtOnce = 1000;

UUID lastId() {
  UUID id;
  id.bytes.fill(0xFF);
  return id;
}

// `id` must not be the last id.
UUID idAfter(UUID id) {
  for (std::size_t i = id.bytes.size(); i > 0 && ++id.bytes[i - 1] == 0; i--) {
  }
  return id;
}

}  // namespace

std::int64_t Comparison::longerPause(std::int64_t pauseMs) const {
  return std::min(std::max(2 * pauseMs, delayMs_), kPauseMsMax);
}

std::optional<std::int64_t> Comparison::nextStepMs() const {
  std::optional<std::int64_t> next;
  if (question_) next = answerAtMs_;
  bool waits = asked_ && !theirs_;
  if (asking() && !waits) next = next ? std::min(*next, beginMs_) : beginMs_;
  return next;
}

void Comparison::step(std::int64_t nowMs) {
  if (question_ && nowMs >= answerAtMs_) answer(nowMs);
  if (!asking() || nowMs < beginMs_) return;
  if (theirs_)
    repair(nowMs);
  else if (!asked_ && !summedUp_ && sums_.size() < kBucketsMax)
    sumUp();
  else if (!asked_)
    ask();
}

// ----------------------------------------------------------------------------------------------------
// asking

void Comparison::begin(const std::vector<DigestLine>& mine, const std::vector<DigestLine>& theirs, std::int64_t nowMs) {
  drop(nowMs);
  auto its = theirs.begin();
  // This end has nothing to send of a collection that it never held.
  auto onlyTheirs = [&] {
    if (store_.holds(its->collection)) collections_.push_back(its->collection);
    ++its;
  };
  for (const DigestLine& line : mine) {
    while (its != theirs.end() && its->collection < line.collection && collections_.size() < kCollectionsAtOnce)
      onlyTheirs();
    if (collections_.size() >= kCollectionsAtOnce) break;
    bool inBoth = its != theirs.end() && its->collection == line.collection;
    if (!inBoth || *its != line) collections_.push_back(line.collection);
    if (inBoth) ++its;
  }
  while (its != theirs.end() && collections_.size() < kCollectionsAtOnce) onlyTheirs();
  beginMs_ = std::max(nowMs, pausedUntilMs_);
}

void Comparison::drop(std::int64_t nowMs) {
  collections_.clear();
  if (std::exchange(theirs_, std::nullopt)) asked_.reset();
  askedInVain_ = asked_.has_value();
  goOn(lastId(), nowMs);
}

void Comparison::ended(std::int64_t nowMs) {
  if (!std::exchange(found_, false)) return;
  pauseMs_ = longerPause(pauseMs_);
  pausedUntilMs_ = nowMs + pauseMs_;
}

void Comparison::foundEqual(std::int64_t nowMs) {
  drop(nowMs);
  pauseMs_ = pausedUntilMs_ = 0;
}

void Comparison::sumUp() {
  HashedRun run = store_.hashes(collections_.front(), from_, lastId(), kRowsPerStep);
  for (const auto& [id, hash] : run.records) {
    open_.add(hash);
    if (++openRecords_ < kRecordsPerRange) continue;
    sums_.emplace_back(id, open_);
    open_ = {};
    openRecords_ = 0;
  }
  summedUp_ = run.to == lastId();
  if (!summedUp_)
    from_ = idAfter(run.to);
  else if (sums_.empty() || sums_.back().first != lastId())
    sums_.emplace_back(lastId(), open_);
}

void Comparison::ask() {
  Buckets buckets{collections_.front(), sumsFrom_, {}};
  buckets.sums.assign(sums_.begin(), sums_.begin() + static_cast<std::ptrdiff_t>(std::min(sums_.size(), kBucketsMax)));
  asked_ = Range{buckets.collection, buckets.from, buckets.sums.back().first};
  say_(encode(buckets));
}

bool Comparison::onInventory(Inventory inventory, std::int64_t nowMs) {
  if (!asked_ || theirs_ || inventory.collection != asked_->collection) return false;
  if (inventory.from < asked_->from || inventory.to < inventory.from || inventory.to > asked_->to) return false;
  if (askedInVain_) {
    asked_.reset();
    askedInVain_ = false;
    return true;
  }
  // An answer that ends within a range would have this end sum up that range again and again.
  bool atBoundary = std::any_of(sums_.begin(), sums_.end(), [&](const Sum& sum) { return sum.first == inventory.to; });
  if (!atBoundary && inventory.records.size() < kInventoryRecordsMax) return false;
  if (!inventory.differs) {
    asked_.reset();
    goOn(inventory.to, nowMs);
    return true;
  }
  found_ = true;
  repairFrom_ = inventory.from;
  theirs_ = std::move(inventory);
  return true;
}

// Sends the records that differ from the answer or stand on one side only, also those that are dead here.
void Comparison::repair(std::int64_t nowMs) {
  HashedRun mine = store_.hashes(theirs_->collection, repairFrom_, theirs_->to, kRowsPerStep);
  UUID done = mine.to;
  std::vector<RecordKey> differing;
  auto next = mine.records.begin();
  auto its = std::lower_bound(theirs_->records.begin(), theirs_->records.end(), repairFrom_,
                              [](const auto& record, const UUID& id) { return record.first < id; });
  for (std::size_t looked = 0; looked < 2 * kRowsPerStep; looked++) {
    bool here = next != mine.records.end();
    bool there = its != theirs_->records.end() && its->first <= mine.to;
    if (!here && !there) break;
    UUID id = here && (!there || next->first <= its->first) ? next->first : its->first;
    bool inBoth = here && there && next->first == its->first;
    if (!(inBoth && next->second == its->second)) differing.push_back({theirs_->collection, id});
    if (there && its->first == id) ++its;
    if (here && next->first == id) ++next;
    if (looked + 1 == 2 * kRowsPerStep) done = id;
  }
  BatchWriter rows;
  std::vector<RecordKey> gone;
  std::size_t answered = store_.readRecords(differing, agreement_, kRepairBytes, rows, gone);
  if (answered < differing.size()) done = differing[answered - 1].id;
  repaired_ += answered - gone.size();
  if (rows.changes() > 0) say_(rows.finishRows(false, {}));
  if (done != theirs_->to) {
    repairFrom_ = idAfter(done);
    return;
  }
  theirs_.reset();
  asked_.reset();
  goOn(done, nowMs);
}

// Goes on behind `comparedTo`, with the next collection if this one is done.
void Comparison::goOn(const UUID& comparedTo, std::int64_t nowMs) {
  auto open = std::find_if(sums_.begin(), sums_.end(), [&](const Sum& sum) { return sum.first > comparedTo; });
  bool atBoundary = open != sums_.begin() && std::prev(open)->first == comparedTo;
  sums_.erase(sums_.begin(), open);
  if (comparedTo == lastId() && !collections_.empty()) collections_.pop_front();
  if (collections_.empty()) ended(nowMs);
  sumsFrom_ = comparedTo == lastId() ? UUID{} : idAfter(comparedTo);
  if (atBoundary && comparedTo != lastId()) return;
  sums_.clear();
  open_ = {};
  openRecords_ = 0;
  summedUp_ = false;
  from_ = sumsFrom_;
}

// ----------------------------------------------------------------------------------------------------
// answering

bool Comparison::onBuckets(Buckets buckets, std::int64_t nowMs) {
  if (question_) return false;
  bool goesOn = !answered_ || buckets.collection > answered_->collection ||
                (buckets.collection == answered_->collection && buckets.from > answered_->to);
  answerAtMs_ = nowMs;
  if (!goesOn) {
    theirPauseMs_ = theyFound_ ? longerPause(theirPauseMs_) : delayMs_;
    theyFound_ = false;
    answerAtMs_ = answeredMs_ + theirPauseMs_;
  }
  readFrom_ = buckets.from;
  range_ = 0;
  sum_ = {};
  rangeBegin_ = 0;
  answer_ = Inventory{buckets.collection, buckets.from, buckets.from, false, {}};
  question_ = std::move(buckets);
  return true;
}

bool Comparison::expects(const RecordKey& key) const {
  return answered_ && answeredRecords_ && key.collection == answered_->collection && key.id >= answered_->from &&
         key.id <= answered_->to;
}

void Comparison::answer(std::int64_t nowMs) {
  HashedRun run = store_.hashes(question_->collection, readFrom_, question_->sums.back().first, kRowsPerStep);
  for (const auto& [id, hash] : run.records) {
    while (question_->sums[range_].first < id)
      if (closeRange()) return say(answer_.to, nowMs);
    sum_.add(hash);
    answer_.records.emplace_back(id, hash);
    if (answer_.records.size() < kInventoryRecordsMax) continue;
    answer_.differs = true;
    return say(id, nowMs);
  }
  while (question_->sums[range_].first <= run.to)
    if (closeRange()) return say(answer_.to, nowMs);
  readFrom_ = idAfter(run.to);
}

// Ends the range that is being read. Returns true if the answer is complete.
bool Comparison::closeRange() {
  const UUID& end = question_->sums[range_].first;
  bool last = range_ + 1 == question_->sums.size();
  if (sum_ != question_->sums[range_].second) {
    answer_.differs = true;
    answer_.to = end;
    if (last || answer_.records.size() >= kInventoryRecords) return true;
  } else {
    answer_.records.resize(rangeBegin_);
    if (answer_.differs) return true;  // the run that differs ended with the range before
    answer_.to = end;
    if (last) return true;
    answer_.from = idAfter(end);
  }
  rangeBegin_ = answer_.records.size();
  sum_ = {};
  range_++;
  return false;
}

void Comparison::say(const UUID& to, std::int64_t nowMs) {
  answer_.to = to;
  if (!answer_.differs) answer_.from = to;
  answered_ = Range{answer_.collection, answer_.from, to};
  answeredRecords_ = answer_.differs;
  theyFound_ |= answer_.differs;
  answeredMs_ = nowMs;
  say_(encode(answer_));
  answer_ = {};
  question_.reset();
}

}  // namespace blazedb::sync
