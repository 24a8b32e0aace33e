// Every limit of the product, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace blazedb::base {

// Records.
inline constexpr std::size_t kRecordBytesMax = 8u << 20;   // encoded fields of a record that is written
inline constexpr std::size_t kMergedBytesMax = 23u << 20;  // of a merged record, with its stamps
inline constexpr std::size_t kFieldsMax = 65'536;          // of a record that is written
inline constexpr std::size_t kMergedFieldsMax = 262'144;   // of a merged record
inline constexpr int kNestingMax = 64;                     // arrays and objects inside each other
inline constexpr std::size_t kFieldNameBytesMax = 128;     // UTF-8
inline constexpr std::size_t kNameBytesMax = 128;          // collections, databases, nodes: [A-Za-z0-9_.-]

// Frames and flow.
inline constexpr std::size_t kFrameBytesMax = 24u << 20;             // after authentication
inline constexpr std::size_t kFrameBytesMaxBeforeHello = 64u << 10;  // before authentication
inline constexpr std::size_t kInFlightBytesMax = 8u << 20;           // sent to one peer and not acknowledged
inline constexpr std::size_t kTransactionRecordsMax = 10'000;  // a larger transaction, or one beyond a frame, is split
inline constexpr std::size_t kNeedKeysMax = 1000;              // keys in one Need
inline constexpr std::size_t kByeTextBytesMax = 4096;

// Rejected changes.
inline constexpr std::size_t kRejectedMax = 10'000;  // of one peer; one more ends the conversation
inline constexpr std::size_t kReasonBytesMax = 512;

// Time.
inline constexpr std::int64_t kClockSkewMsMax = std::int64_t{5} * 60 * 1000;

}  // namespace blazedb::base
