// Databases as applications open them, in a folder that is removed with the test, with the cheapest password cost.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "blazedb/database.h"
#include "support/errors.h"

namespace blazedb {

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string made = (std::filesystem::temp_directory_path() / "blazedb-test-XXXXXX").string();
    if (!mkdtemp(made.data())) throw std::runtime_error("no temporary folder");
    folder_ = made;
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  static constexpr const char* kPassword = "correct horse";

  static DatabaseOptions cheap() {
    DatabaseOptions options;
    options.passwordMemoryKiB = 19 * 1024;
    options.passwordPasses = 2;
    return options;
  }
  std::string path(const std::string& name) const { return (folder_ / (name + ".blazedb")).string(); }
  Database open(const std::string& name, DatabaseOptions options = cheap()) const {
    return Database::open(name, path(name), kPassword, options);
  }

  std::filesystem::path folder_;
};

}  // namespace blazedb
