#include "tidy/layers.h"

#include <gtest/gtest.h>

namespace blazedb::tidy {
namespace {

// The only message about a file with this one line; empty if there is none.
std::string messageAbout(std::string path, std::string line) {
  Findings findings = checkIncludes({{std::move(path), std::move(line)}});
  return findings.empty() ? "" : findings.front().message;
}

TEST(Layers, ALayerIncludesItselfItsLowersAndThePublicHeaders) {
  EXPECT_EQ(messageAbout("src/db/database.cc", "#include \"db/database.h\""), "");
  EXPECT_EQ(messageAbout("src/db/database.cc", "#include \"storage/file_store.h\""), "");
  EXPECT_EQ(messageAbout("src/base/error.cc", "#include \"blazedb/error.h\""), "");
  EXPECT_EQ(messageAbout("src/base/error.cc", "#include <blazedb/error.h>"), "");
}

TEST(Layers, AnUpwardOrSidewaysIncludeIsFound) {
  EXPECT_EQ(messageAbout("src/sync/session.h", "#include \"storage/file_store.h\""),
            "sync may not include storage (storage/file_store.h)");
  EXPECT_EQ(messageAbout("src/base/clock.cc", "#include \"codec/json.h\""),
            "base may not include codec (codec/json.h)");
  EXPECT_EQ(messageAbout("src/codec/json.cc", "#  include <crypto/aead.h>"),
            "codec may not include crypto (crypto/aead.h)");
  EXPECT_NE(messageAbout("src/link/unix.cc", "#include \"db/database.h\""), "");
}

TEST(Layers, OfADatabaseThoseAboveSeeTheDoorAlone) {
  for (const char* path : {"src/topology/network.cc", "src/server/control_server.cc"}) {
    EXPECT_EQ(messageAbout(path, "#include \"db/access.h\""), "") << path;
    EXPECT_NE(messageAbout(path, "#include \"db/engine.h\""), "") << path;
  }
}

TEST(Layers, TheLineIsNamed) {
  EXPECT_EQ(checkIncludes({{"src/base/clock.cc", "#include <chrono>\n\n#include \"sync/stamp.h\"\n"}}),
            (Findings{{"src/base/clock.cc", 3, "base may not include sync (sync/stamp.h)"}}));
}

TEST(Layers, AFolderThatIsInNoTableIsFound) {
  EXPECT_NE(messageAbout("src/helpers/strings.h", "#include <string>"), "");
}

TEST(Layers, APathThatDoesNotBeginAtSrcIsFound) {
  EXPECT_EQ(messageAbout("src/base/clock.cc", "#include \"clock.h\""), "write the path from src/: \"base/clock.h\"");
}

TEST(Layers, PublicHeadersIncludeTheStandardLibraryAndEachOther) {
  EXPECT_EQ(messageAbout("include/blazedb/uuid.h", "#include <array>"), "");
  EXPECT_EQ(messageAbout("include/blazedb/record.h", "#include \"blazedb/value.h\""), "");
  for (const char* line : {"#include \"base/bytes.h\"", "#include <sqlite3.h>", "#include <unistd.h>"}) {
    EXPECT_NE(messageAbout("include/blazedb/record.h", line), "") << line;
    EXPECT_NE(messageAbout("examples/quick_start.cc", line), "") << line;
  }
}

TEST(Layers, ProgramsUseWhatIsPublicAndText) {
  for (const char* line : {"#include <blazedb/blazedb.h>", "#include \"codec/json.h\"", "#include \"codec/text.h\"",
                           "#include \"server/admin.h\"", "#include \"command.h\"", "#include <CLI/CLI.hpp>",
                           "#include <nlohmann/json.hpp>"})
    EXPECT_EQ(messageAbout("apps/blazedb/main.cc", line), "") << line;
  for (const char* line : {"#include \"codec/frames.h\"", "#include \"db/database.h\"", "#include <sqlite3.h>"})
    EXPECT_NE(messageAbout("apps/blazedb/main.cc", line), "") << line;
}

TEST(Layers, AThirdPartyHeaderStaysWithItsOwner) {
  EXPECT_EQ(messageAbout("src/storage/pages.cc", "#include <sqlite3.h>"), "");
  EXPECT_EQ(messageAbout("src/db/database.cc", "#include <sqlite3.h>"), "<sqlite3.h> belongs to src/storage");
  EXPECT_EQ(messageAbout("src/crypto/aead.cc", "#include <openssl/evp.h>"), "");
  EXPECT_EQ(messageAbout("src/link/tls.cc", "#include <openssl/evp.h>"), "<openssl/evp.h> belongs to src/crypto");
  EXPECT_EQ(messageAbout("src/link/tls.cc", "#include <openssl/ssl.h>"), "");
  EXPECT_EQ(messageAbout("src/crypto/aead.cc", "#include <openssl/ssl.h>"), "<openssl/ssl.h> belongs to src/link");
  EXPECT_NE(messageAbout("src/server/accept.cc", "#include <asio/ip/tcp.hpp>"), "");
  EXPECT_NE(messageAbout("src/sync/frame.cc", "#include <cbor.h>"), "");
  EXPECT_NE(messageAbout("src/query/parser.cc", "#include <nlohmann/json.hpp>"), "");
}

TEST(Layers, AThirdPartyHeaderThatNobodyOwnsIsFound) {
  EXPECT_NE(messageAbout("src/storage/pages.cc", "#include <leveldb/db.h>"), "");
  EXPECT_EQ(messageAbout("src/storage/pages.cc", "#include <sys/stat.h>"), "");
  EXPECT_EQ(messageAbout("src/storage/pages.cc", "#include <fcntl.h>"), "");
}

TEST(Layers, SyncHasNoThreadsAndNoClock) {
  for (const char* line : {"#include <thread>", "#include <mutex>", "#include <chrono>", "#include <sys/socket.h>"})
    EXPECT_NE(messageAbout("src/sync/session.cc", line), "") << line;
  EXPECT_EQ(messageAbout("src/link/loopback.cc", "#include <mutex>"), "");
}

TEST(Layers, NoLayerIsAboveItself) {
  std::vector<std::string_view> below;
  for (const Layer& layer : layers()) {
    for (std::string_view name : layer.mayInclude)
      EXPECT_NE(std::find(below.begin(), below.end(), name.substr(0, name.find('/'))), below.end())
          << layer.name << " includes " << name;
    below.push_back(layer.name);
  }
}

}  // namespace
}  // namespace blazedb::tidy
