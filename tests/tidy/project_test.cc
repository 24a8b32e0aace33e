// The checks, run over the project itself.
#include <gtest/gtest.h>

#include "tidy/documents.h"
#include "tidy/layers.h"
#include "tidy/source.h"
#include "tidy/style.h"

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
TEST(Project, FilesAreNamedInSnakeCase) { expectNone(checkNames(project())); }
TEST(Project, HeadersExplainThemselves) { expectNone(checkHeaders(project())); }
TEST(Project, LinesAndFilesAreShort) { expectNone(checkLayout(project())); }
TEST(Project, NothingIsLeftForLater) { expectNone(checkWords(project())); }
TEST(Project, NoTestSleeps) { expectNone(checkSleeps(project())); }
TEST(Project, EveryLayerHasAReadme) { expectNone(checkReadmes(project())); }
TEST(Project, EverySourceIsBuilt) { expectNone(checkIsBuilt(project())); }
TEST(Project, LinksInDocumentsLeadSomewhere) { expectNone(checkLinks(project())); }
TEST(Project, CodeInDocumentsIsCompiled) { expectNone(checkSnippets(project())); }
TEST(Project, TheDocumentedLayersAreTheEnforcedOnes) { expectNone(checkLayerTable(project())); }
TEST(Project, EveryBoundOnAPeerIsTried) { expectNone(checkBounds(project())); }

}  // namespace
}  // namespace blazedb::tidy
