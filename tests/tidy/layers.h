// Which layer may include which headers.
//
// A layer that includes a higher one, or a third-party header outside of the layer that owns it, compiles today and
// costs a rewrite later. The tables in layers.cc are the rule; docs/architecture.md shows the first one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/source.h"

namespace blazedb::tidy {

struct Layer {
  std::string_view name;                     // the folder below src/
  std::vector<std::string_view> mayInclude;  // other layers or their headers; always itself and the public headers
};

// From the bottom up.
std::span<const Layer> layers();

// The first table as docs/architecture.md shows it: one row of Markdown for each layer.
std::string layersAsMarkdown();

// Checks the includes of include/, src/, apps/ and examples/. Tests, benchmarks and fuzz targets may include
// everything.
Findings checkIncludes(const std::vector<Source>& sources);

}  // namespace blazedb::tidy
