// BLAZEDB_API marks what a shared library shows to its users. The library is built with hidden visibility, so that a
// public class, function or friend that is not defined in its header is invisible to them without it.
#pragma once

#define BLAZEDB_API __attribute__((visibility("default")))
