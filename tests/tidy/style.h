// The rules of style that a program can check. CONTRIBUTING.md has the reasons and the other rules.
#pragma once

#include <vector>

#include "tidy/source.h"

namespace blazedb::tidy {

inline constexpr std::size_t kColumnsMax = 120;
inline constexpr std::size_t kFileLinesMax = 1000;

// Sources, headers and scripts, and the folders that hold sources, are named in snake_case.
Findings checkNames(const std::vector<Source>& sources);

// A header opens with a comment that says what it is for, then has `#pragma once`, and has no `using namespace`.
Findings checkHeaders(const std::vector<Source>& sources);

// No tabs, no spaces at the end of a line, a newline at the end of the file, C++ lines within kColumnsMax, no
// hand-written file above kFileLinesMax lines.
Findings checkLayout(const std::vector<Source>& sources);

// No notes to do something later, and no paths of one developer's machine.
Findings checkWords(const std::vector<Source>& sources);

// Tests and examples wait for the event itself, not for a time that is usually long enough.
Findings checkSleeps(const std::vector<Source>& sources);

// Every layer that has a source file has a README.md.
Findings checkReadmes(const std::vector<Source>& sources);

// Every .cc file is named in the nearest CMakeLists.txt above it, so that a build compiles it.
Findings checkIsBuilt(const std::vector<Source>& sources);

}  // namespace blazedb::tidy
