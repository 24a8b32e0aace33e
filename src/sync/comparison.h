// Finds the records in which two ends differ that should hold the same, and sends them.
//
// Each end asks for itself, about one differing collection after the other. Every step reads a bounded number of rows,
// every frame has a bounded number of bytes, and nothing waits in a queue:
//
//   the end that asks                       the end that answers
//   Buckets(ranges of ids, their sums) ->   walks its own records of these ranges up to where a run of ranges that
//                                           differ has ended
//   <- Inventory(the records of that run)   or: no difference up to here
//   Rows(the records that differ here) ->   and Buckets again, from the place behind that run
//
// Both walk the index over (collection, id) once, from one end to the other. The asking end sends the next question
// after the answer to the one before. step() reads a slice, and nextStepMs() says that there is more, so the driver can
// serve other sessions in between. An end asks only about collections that it has held itself, so names that a peer
// invents cost nothing.
//
// An end that finds differences again and again slows down. After each comparison that found some, the next one waits
// twice as long, from half a second to half a minute. A comparison that finds none resets the pause. The answering end
// slows down in the same way: it takes a question about a place that it has answered before for a new comparison.
//
// Rejected: 256 buckets by the last byte of the id. Each bucket took a walk through the whole collection.
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

  // `delayMs`: the shortest pause. `store` and `agreement` must outlive this object; the agreement may be filled in
  // later.
  Comparison(Store& store, const Agreement& agreement, std::int64_t delayMs, Say say)
      : store_(store), agreement_(agreement), delayMs_(delayMs), say_(std::move(say)) {}

  // The digests differ. Asks about the collections whose lines differ, and forgets any earlier comparison.
  void begin(const std::vector<DigestLine>& mine, const std::vector<DigestLine>& theirs, std::int64_t nowMs);
  // Records are moving between the ends: stops asking.
  void drop(std::int64_t nowMs);
  // The digests were equal: stops asking and resets the pause.
  void foundEqual(std::int64_t nowMs);
  bool asking() const { return !collections_.empty(); }
  // The session compares no digests before this time.
  std::int64_t pausedUntilMs() const { return pausedUntilMs_; }

  // Both return false if the frame is out of place: the peer breaks the protocol.
  bool onBuckets(Buckets buckets, std::int64_t nowMs);
  bool onInventory(Inventory inventory, std::int64_t nowMs);
  // Whether the latest answer of this end covers the record, so that the peer may send it as a repair.
  bool expects(const RecordKey& key) const;

  // Does one slice of the work.
  void step(std::int64_t nowMs);
  // When step() has something to do; it may be past. std::nullopt for never.
  std::optional<std::int64_t> nextStepMs() const;
  // How many records were sent because they differed.
  std::uint64_t repaired() const { return repaired_; }

 private:
  using Sum = std::pair<UUID, Digest>;  // the last id of a range, and the sum over its records
  // A range of ids, both inclusive.
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
  std::deque<std::string> collections_;  // still to compare; the first is under way
  std::int64_t beginMs_ = 0;
  UUID from_;              // the first id that is not summed up yet
  bool summedUp_ = false;  // the sums reach the end of the collection
  UUID sumsFrom_;          // the first id of the first range in `sums_`
  std::vector<Sum> sums_;  // ranges that the peer has not answered yet
  Digest open_;            // the sum of the range behind them, which is not complete
  std::size_t openRecords_ = 0;
  std::optional<Range> asked_;
  bool askedInVain_ = false;         // the comparison was dropped: ignore the answer
  std::optional<Inventory> theirs_;  // the answer, while this end sends records for it
  UUID repairFrom_;
  bool found_ = false;  // this comparison found a difference
  std::int64_t pauseMs_ = 0;
  std::int64_t pausedUntilMs_ = 0;

  // Answering.
  std::optional<Buckets> question_;
  std::int64_t answerAtMs_ = 0;
  UUID readFrom_;
  std::size_t range_ = 0;       // which range of the question is being read
  Digest sum_;                  // over the records of that range that were read
  std::size_t rangeBegin_ = 0;  // where the records of that range begin in `answer_`
  Inventory answer_;
  std::optional<Range> answered_;  // what the latest answer covers; `from` is where its records begin
  bool answeredRecords_ = false;   // the latest answer listed records
  bool theyFound_ = false;         // the peer found a difference in its present comparison
  std::int64_t theirPauseMs_ = 0;
  std::int64_t answeredMs_ = 0;
};

}  // namespace blazedb::sync
