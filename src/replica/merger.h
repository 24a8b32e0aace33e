// Merges what a peer sent into the rows, by the rule of sync/merge.h.
//
// The merger splits a batch into stretches of different records. It finds all rows of a stretch with one question,
// merges in memory, and writes the rows with one call. A change that breaks the protocol ends the conversation. A
// record that an honest peer may send and this replica cannot take is set aside, and everything else goes on.
//
// If the rights of the peer's user refuse a record, they refuse its transaction: all of it is set aside, and taken
// together later. Hardly any transaction is refused, so the merger judges each record as it merges it. When a record of
// several is refused, the batch begins again, and each of its transactions is judged before the first of its records is
// merged. What the user sends of a record that it may not read is refused before it is compared with the record: any
// other answer would tell what the record holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "replica/author.h"
#include "replica/ledger.h"
#include "sync/merge.h"
#include "sync/store.h"

namespace blazedb::replica {

class Merger {
 public:
  // When the rights judge the records of a transaction.
  enum class Judging { asTheyMerge, before };
  // Thrown with Judging::asTheyMerge: the caller must roll back, and apply the batch again with Judging::before.
  struct RefusedInTransaction {};

  Merger(Ledger& ledger, Mirror& mirror, const Author& author, base::Clock& clock, Judging judging);

  // Merges the changes and moves the cursor. If the result has anything missing, refused or unsent, the caller must
  // roll the transaction back. Throws RefusedInTransaction.
  sync::ApplyResult apply(const sync::Incoming& incoming);
  // The writes of this replica that the merge has overridden, for the journal.
  const std::vector<Overridden>& overridden() const { return overridden_; }
  // Records that have come whole, and of which the peer had refused a change that waits here. If the peer refuses it no
  // more, it can go back now.
  const std::vector<sync::RecordKey>& awaited() const { return awaited_; }

 private:
  // One change of a stretch.
  struct Item {
    const sync::Change* change = nullptr;
    bool found = false;  // there was a row: it is in `held`
    Held held;
    std::optional<ErrorCode> aside;  // the record is set aside, with this code
    bool mentioned = false;          // a sweep must not remove the record
    bool holds = false;              // store that the peer has the record
    std::int64_t handle = 0;         // of the row, once it is stored

    sync::RecordKey key() const { return {std::string(change->collection), change->id}; }
  };

  std::size_t load(const sync::Incoming& incoming, std::size_t from);
  void endStretch(const sync::Incoming& incoming, std::size_t size);
  void receive(const sync::Incoming& incoming, Item& item, sync::ApplyResult& result);
  void judgeTransaction(const sync::Incoming& incoming, std::size_t first);
  void judgeAgain(const sync::Incoming& incoming);
  bool allows(const sync::Incoming& incoming, const sync::Change& change);
  bool hides(const sync::Incoming& incoming, const Item& item) const;
  bool mayHave(const sync::Incoming& incoming, const Item& item) const;
  std::int64_t importerOf(const sync::Incoming& incoming);
  // These say why the record is set aside; std::nullopt if it is taken.
  std::optional<sync::Bye> mergeOne(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                    sync::ApplyResult& result);
  std::optional<sync::Bye> checkRights(const sync::Incoming& incoming, const Item& item, bool alive,
                                       base::ByteView fields) const;
  std::optional<sync::Bye> mergeNew(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                    sync::ApplyResult& result);
  std::optional<sync::Bye> mergeHeld(const sync::Incoming& incoming, Item& item, sync::RecordState& theirs,
                                     sync::ApplyResult& result);
  std::optional<sync::Bye> checkTime(const sync::Incoming& incoming, const sync::RecordState& theirs,
                                     sync::ApplyResult& result) const;
  std::optional<sync::Bye> checkStamps(const sync::Incoming& incoming, const sync::RecordState& theirs,
                                       const sync::RecordState* mine) const;
  std::optional<sync::Bye> noteHolder(const sync::Incoming& incoming, Item& item, std::uint64_t latest,
                                      sync::ApplyResult& result);
  void takeBackHidden(const sync::Incoming& incoming, Item& item, sync::ApplyResult& result);
  std::int64_t originFor(const sync::Incoming& incoming, const Item& item) const;
  void noteSwept(const sync::Incoming& incoming, const Item& item, const sync::RecordState& theirs);
  bool recall(const sync::Incoming& incoming, Item& item, const sync::RecordState& theirs);
  bool keepsMore(const sync::Incoming& incoming, const Item& item);
  bool leave(const sync::Incoming& incoming, Item& item);
  void setAside(const sync::Incoming& incoming, Item& item, const sync::Bye& why, sync::ApplyResult& result);
  void heardOf(const sync::Incoming& incoming, const Item& item, sync::ApplyResult& result);
  void noLongerAside(const sync::RecordKey& key, sync::ApplyResult& result);
  void noteGone(const sync::Incoming& incoming, sync::ApplyResult& result);
  bool replace(const sync::Incoming& incoming, const sync::RecordKey& key, Held& held, const sync::RecordState* theirs,
               sync::ApplyResult& result);
  bool cameFrom(const sync::Incoming& incoming, const Row& row);

  Ledger& ledger_;
  Mirror& mirror_;
  const Author& author_;
  base::Clock& clock_;
  const Judging judging_;

  std::int64_t origin_ = 0;                        // the sender's number in Row::origin
  std::optional<std::set<std::int64_t>> origins_;  // those of all incarnations of the peer, once they were asked for
  std::optional<std::uint64_t> rejectedOfPeer_;    // how many of its records are set aside, once that was asked for
  std::optional<bool> hasRefused_;  // whether the peer has records of ours aside, once that was asked for
  std::size_t judgedTo_ = 0;        // the next transaction of the batch begins here
  bool isJudged_ = false;           // the rights refuse the present transaction as a whole, or none of it
  bool isAllowed_ = false;          // all of the present transaction, by the rights
  // Refused because another record of their transaction is, with the id of the first such.
  std::map<sync::RecordKey, UUID> mates_;
  std::vector<std::vector<sync::RecordKey>> together_;  // transactions of the batch that are refused
  std::vector<Item> items_;                             // of the stretch; reused
  std::vector<Key> keys_;                               // of the stretch; reused
  sync::EncodedState encoded_;                          // reused
  std::vector<sync::Rejection> rejections_;             // of the stretch
  std::vector<Refused> refused_;                        // of records of the stretch
  std::vector<Overridden> overridden_;
  std::vector<sync::RecordKey> awaited_;
};

}  // namespace blazedb::replica
