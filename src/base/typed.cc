#include "base/typed.h"

namespace blazedb::base {
namespace {

// Made while there is memory, because copying it takes none.
const Error kOutOfMemory(ErrorCode::OutOfMemory, "there is not enough memory for this; free some and try again");

}  // namespace

void throwOutOfMemory() { throw Error(kOutOfMemory); }

}  // namespace blazedb::base
