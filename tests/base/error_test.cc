#include "blazedb/error.h"

#include <gtest/gtest.h>

#include <set>

namespace blazedb {
namespace {

TEST(Error, WhatBeginsWithTheNameOfItsCode) {
  Error error(ErrorCode::DiskFull, "no space left on the disk");
  EXPECT_STREQ(error.what(), "DiskFull: no space left on the disk");
  EXPECT_EQ(error.code(), ErrorCode::DiskFull);
}

TEST(Error, NoTwoCodesShareANumber) {
  std::set<int> numbers;
#define CHECK_NUMBER(name, number) EXPECT_TRUE(numbers.insert(number).second) << #name;
  BLAZEDB_ERROR_CODES(CHECK_NUMBER)
#undef CHECK_NUMBER
  EXPECT_EQ(errorName(static_cast<ErrorCode>(9999)), "Unknown");
}

}  // namespace
}  // namespace blazedb
