// The part of the style that a program can judge. CONTRIBUTING.md has the reasons and the part that it cannot.
#pragma once

#include <vector>

#include "tidy/source.h"

namespace blazedb::tidy {

inline constexpr std::size_t kColumnsMax = 120;
inline constexpr std::size_t kFileLinesMax = 1000;

// Sources, headers and scripts, and the folders that hold sources, are named in snake_case.
Findings checkNames(const std::vector<Source>& sources);

// A header opens with a comment that says what it is for, then has `#pragma once`, and brings no namespace into others.
Findings checkHeaders(const std::vector<Source>& sources);

// No tabs, no spaces at the end of a line, a newline at the end of the file, C++ within kColumnsMax, nothing we write
// by hand above kFileLinesMax.
Findings checkLayout(const std::vector<Source>& sources);

// No notes to do something later, and no path of one developer's machine.
Findings checkWords(const std::vector<Source>& sources);

// Tests and examples wait for what they wait for, not for a time that is long enough on most days.
Findings checkSleeps(const std::vector<Source>& sources);

// Every layer that has a source file has a README.md.
Findings checkReadmes(const std::vector<Source>& sources);

// Every .cc file is named in the nearest CMakeLists.txt above it: what no build compiles is not ours.
Findings checkIsBuilt(const std::vector<Source>& sources);

}  // namespace blazedb::tidy
