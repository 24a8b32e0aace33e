// Turns an Error that a call throws into a value, for expectations.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>

#include "blazedb/error.h"

namespace blazedb {

inline void PrintTo(ErrorCode code, std::ostream* out) { *out << errorName(code); }

}  // namespace blazedb

namespace blazedb::test {

// The code of the Error that `body` throws; none if it throws nothing. Other exceptions go on.
template <class Body>
std::optional<ErrorCode> errorOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

template <class Body>
std::string messageOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

#define EXPECT_ERROR(expected, ...)                                                                        \
  EXPECT_EQ(::blazedb::test::errorOf([&] { __VA_ARGS__; }), std::optional(::blazedb::ErrorCode::expected)) \
      << #__VA_ARGS__

}  // namespace blazedb::test
