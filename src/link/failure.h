// What went wrong at this end, as the reason of an end that a link, a listener or a command gives.
#pragma once

#include <exception>

#include "sync/bye.h"

namespace blazedb::link {

sync::Bye failureOf(const std::exception& error);

}  // namespace blazedb::link
