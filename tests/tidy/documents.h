// Keeps documents true. The code that README.md and docs/ show must be a marked region of a program in examples/, which
// is compiled and run as a test, and the target of every link must exist.
//
//   in the document                                in examples/quick_start.cc
//
//   <!-- examples/quick_start.cc [open] -->          // [open]
//   ```cpp                                           Database db = Database::open("DB", path, password);
//   Database db = Database::open("DB", …             // [/open]
//   ```
#pragma once

#include <vector>

#include "tidy/source.h"

namespace blazedb::tidy {

// In every Markdown file, the targets of links and images inside the project exist. Code and links to other places are
// skipped.
Findings checkLinks(const std::vector<Source>& sources);

// In README.md and docs/, a comment above each block of C++ names a region, and the block equals that region except for
// indentation.
Findings checkSnippets(const std::vector<Source>& sources);

// docs/architecture.md shows the table of layers that the checks enforce.
Findings checkLayerTable(const std::vector<Source>& sources);

// docs/security.md has a table of what a peer can make the other end do. Each row links to the scenarios in
// tests/e2e/raw/bounds that try it, and the table has every scenario there.
Findings checkBounds(const std::vector<Source>& sources);

}  // namespace blazedb::tidy
