// The reason that a link, a listener or a command gives after an exception at this end.
#pragma once

#include <exception>

#include "sync/bye.h"

namespace blazedb::link {

sync::Bye failureOf(const std::exception& error);

}  // namespace blazedb::link
