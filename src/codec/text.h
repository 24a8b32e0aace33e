// UTF-8 as Unicode defines it (table 3-7 of the standard, RFC 3629): no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <string_view>

namespace blazedb::codec {

// Runs of ASCII are read eight bytes at a time: field names and most texts are nothing else.
bool isUtf8(std::string_view text);

}  // namespace blazedb::codec
