// BLAZEDB_API marks the symbols that a shared library exports. The library is built with hidden visibility: without the
// mark, a program cannot link a public class, function or friend that its header does not define.
#pragma once

#define BLAZEDB_API __attribute__((visibility("default")))
