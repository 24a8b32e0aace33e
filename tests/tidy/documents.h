// Documents rot where no compiler looks. Here one does: the code that README.md and docs/ show is a marked region of a
// program in examples/, which is compiled and run as a test, and what a link points at exists.
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

// In every Markdown file, what a link or an image points at inside the project exists. Code and links to elsewhere are
// skipped.
Findings checkLinks(const std::vector<Source>& sources);

// In README.md and docs/, each block of C++ is named by a comment above it and equal to the region of that name, except
// for how far it is indented.
Findings checkSnippets(const std::vector<Source>& sources);

// docs/architecture.md shows the table of layers that the checks enforce.
Findings checkLayerTable(const std::vector<Source>& sources);

// docs/security.md has a table of what a peer can make the other end do, each row of which links to the scenarios in
// tests/e2e/raw/bounds that try it; and every scenario there stands in it.
Findings checkBounds(const std::vector<Source>& sources);

}  // namespace blazedb::tidy
