// Changes of this replica that the rights of a peer have refused.
//
// Such a change leaves the row, and the peer's record takes its place: what a program reads here is what the peer has.
// The change waits beside the rows, with its stamps. The peer asks for the record again in each conversation, and gets
// the row with the change merged into it (including()). Once the peer takes that, or knows of no refusal any more, the
// change goes back into the row (db/changes.h: giveBack).
//
// A database to which this one is connected as well may still have the change. What it sends of it is refused here, too
// (repeats()): then the change leaves its row in the same way.
//
// Of this replica's part of a counter the change keeps two things: the part as it was, and how much was added, because
// the part in the row may have grown until the change goes back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "replica/author.h"
#include "replica/ledger.h"
#include "sync/store.h"

namespace blazedb::replica {

// The records of a larger transaction are judged one by one: no more than base::kRejectedMax can be set aside.
inline constexpr std::size_t kTransactionJudgedMax = 1000;

// Takes what the peer lacks out of a row that is there, stores it, and makes the row the peer's record: `theirs`, or
// none if the peer has none or does not show it. `why`: of the refusal. Adds to `overridden` what loses to the peer's
// record and does not wait. Returns false and does nothing if the peer has yet to get changes of the record.
bool takeOut(Ledger& ledger, const Author& author, const sync::Incoming& incoming, Held& held,
             const sync::RecordState* theirs, const sync::Bye& why, std::int64_t origin, std::int64_t nowMs,
             std::vector<Overridden>& overridden);

// The peer has taken the record back: drops from a refused change what was not written here. It may be the peer's.
void keepOwn(Ledger& ledger, const Author& author, Refused refused);

// The row has taken something from the peer, which may be a part of a counter as the refused change has it: the change
// adds what the row lacks of it. A part of the row that is later than the change's was made without the change.
void countAgain(Ledger& ledger, const Author& author, Refused refused, const sync::RecordState& mine);

// Sets of changes that go back together: of two changes that one transaction made both are in one set, and the peer
// judges a set as one transaction.
std::vector<std::vector<Refused>> byTransaction(std::vector<Refused> all);

// The row with a refused change merged into it; `row` is nullptr if there is none. std::nullopt if that is no whole
// record.
std::optional<sync::EncodedState> including(const Row* row, const Refused& refused);

// Whether a record that another peer sends brings a part of the refused change that the row does not have.
bool repeats(const sync::RecordState& theirs, const sync::RecordState* mine, const sync::RecordState& refused);

}  // namespace blazedb::replica
