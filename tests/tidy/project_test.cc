// The checks, run over the project itself.
#include <gtest/gtest.h>

#include "tidy/layers.h"
#include "tidy/source.h"

namespace blazedb::tidy {
namespace {

const std::vector<Source>& project() {
  static const std::vector<Source> sources = readTree(BLAZEDB_SOURCE_DIR);
  return sources;
}

void expectNone(const Findings& findings) {
  for (const Finding& finding : findings) ADD_FAILURE() << finding;
}

TEST(Project, IsRead) { EXPECT_GT(project().size(), 20u); }

TEST(Project, EveryIncludeIsInTheTableOfLayers) { expectNone(checkIncludes(project())); }

}  // namespace
}  // namespace blazedb::tidy
