// Ranks: text that keeps the records of a list in an order that the user chooses.
//
//   card.set("rank", rankBetween(above.string("rank").value(), below.string("rank").value()));
//
// A rank is a fraction, written in the digits 0-9A-Za-z, and ranks are compared as text. To move a record, write its
// rank: no other record changes. There is always room between two ranks. A part of each rank is random, so two devices
// that put records at the same place practically never choose the same rank. Order equal ranks by the records' ids; to
// put something between two equal ranks, first give one of the two a rank of its own. Write a card's column and its
// rank in one updateFields, so that the moves of two devices do not mix. The idea is known as fractional indexing (D.
// Greenspan, "Implementing Fractional Indexing", 2020).
#pragma once

#include <string>
#include <string_view>

#include "blazedb/export.h"

namespace blazedb {

// Returns a rank above `before` and below `after`. An empty `before` stands for the beginning of the list, an empty
// `after` for its end. Ranks at either end have 8 digits; one between two others has a digit more for about every five
// that were put at the same place. Errors: InvalidArgument (an argument that is no rank, or `before` is not below
// `after`), IoError (the system gives no randomness). Thread-safe.
BLAZEDB_API std::string rankBetween(std::string_view before, std::string_view after);

}  // namespace blazedb
