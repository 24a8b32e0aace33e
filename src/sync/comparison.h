// Where do two ends differ that should hold the same, and what does the other one lack?
//
// Each end asks for itself, about one differing collection after the other. Every step costs a bounded number of rows,
// every frame a bounded number of bytes, and nothing waits in a queue:
//
//   the end that asks                       the end that answers
//   Buckets(ranges of ids, their sums) ->   walks its own records of these ranges up to where a run of ranges that
//                                           differ has ended
//   <- Inventory(the records of that run)   or: no difference up to here
//   Rows(what is another here) ->           and on with Buckets behind that place
//
// Both walk the index over (collection, id) once, from one end to the other. A question waits for the answer to the one
// before. step() reads a slice, and nextStepMs() says that there is more, so that others have their turn in between.
// An end asks about what it knows itself: that the peer names collections costs nothing.
//
// An end that finds differences again and again slows down. After each comparison that found some, the next one waits
// twice as long, from half a second to half a minute; a comparison that finds none ends that. The end that answers does
// the same: a question that goes back to what it has answered already belongs to a new comparison.
//
// Tried before: 256 buckets by the last byte of an id, of which each took a walk through the whole collection.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sync/frames.h"
#include "sync/store.h"

namespace blazedb::sync {

class Comparison {
 public:
  using Say = std::function<void(base::Bytes frame)>;

  // `delayMs`: the shortest pause. `store` and `agreement` must outlive it; the agreement is read when it is needed.
  Comparison(Store& store, const Agreement& agreement, std::int64_t delayMs, Say say)
      : store_(store), agreement_(agreement), delayMs_(delayMs), say_(std::move(say)) {}

  // The digests differ: asks about the collections in which they do, instead of those before.
  void begin(const std::vector<DigestLine>& mine, const std::vector<DigestLine>& theirs, std::int64_t nowMs);
  // What is compared is moving: asks no further.
  void drop(std::int64_t nowMs);
  // The digests were equal.
  void foundEqual(std::int64_t nowMs);
  bool asking() const { return !collections_.empty(); }
  // Until then no digests are to be compared.
  std::int64_t pausedUntilMs() const { return pausedUntilMs_; }

  // Each false where the frame is out of place.
  bool onBuckets(Buckets buckets, std::int64_t nowMs);
  bool onInventory(Inventory inventory, std::int64_t nowMs);
  // Is this a record of which the latest answer has told?
  bool expects(const RecordKey& key) const;

  // One slice of what there is to do.
  void step(std::int64_t nowMs);
  // When that is; it may be past. std::nullopt for never.
  std::optional<std::int64_t> nextStepMs() const;
  // How many records were sent because they differed.
  std::uint64_t repaired() const { return repaired_; }

 private:
  using Sum = std::pair<UUID, Digest>;  // of the records behind the one before, up to this id
  // Of ids, both inclusive.
  struct Range {
    std::string collection;
    UUID from;
    UUID to;
  };

  void sumUp();
  void ask();
  void repair(std::int64_t nowMs);
  void goOn(const UUID& comparedTo, std::int64_t nowMs);
  void ended(std::int64_t nowMs);
  void answer(std::int64_t nowMs);
  bool closeRange();
  void say(const UUID& to, std::int64_t nowMs);
  std::int64_t longerPause(std::int64_t pauseMs) const;

  Store& store_;
  const Agreement& agreement_;
  std::int64_t delayMs_;
  Say say_;
  std::uint64_t repaired_ = 0;

  // Asking.
  std::deque<std::string> collections_;  // the first is the one that is being compared
  std::int64_t beginMs_ = 0;
  UUID from_;              // what is not summed up yet begins here
  bool summedUp_ = false;  // to the end of the collection
  UUID sumsFrom_;          // where the first of these begins
  std::vector<Sum> sums_;  // not answered yet
  Digest open_;            // of the range that is not complete
  std::size_t openRecords_ = 0;
  std::optional<Range> asked_;
  bool askedInVain_ = false;         // the answer is of no use any more
  std::optional<Inventory> theirs_;  // the answer, while records are sent for it
  UUID repairFrom_;
  std::size_t nextOfTheirs_ = 0;
  bool found_ = false;
  std::int64_t pauseMs_ = 0;
  std::int64_t pausedUntilMs_ = 0;

  // Answering.
  std::optional<Buckets> question_;
  std::int64_t answerAtMs_ = 0;
  UUID readFrom_;
  std::size_t range_ = 0;  // of the question, and what was read of it:
  Digest sum_;
  std::size_t rangeBegin_ = 0;  // in the answer
  Inventory answer_;
  std::optional<Range> answered_;  // the latest; `from` is where the records begin
  bool answeredRecords_ = false;   // it had some to tell
  bool theyFound_ = false;         // in this comparison
  std::int64_t theirPauseMs_ = 0;
  std::int64_t answeredMs_ = 0;
};

}  // namespace blazedb::sync
