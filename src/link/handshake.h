// What is said on a fresh stream, before a session: the client knocks, and is admitted or told why not.
//
//   client                         hub
//   Knock(version, database, token, capabilities) ->
//                     <- Admit(version, capabilities)      or Bye(code, text), and the stream ends
//   then both ends run a session (sync/session.h)
//
// Until then the hub knows nothing of the client, so everything here is small and soon over: frames of at most 64 KiB,
// never compressed (a token must not share a context with anything), five seconds from the first byte to Admit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace blazedb::link {

inline constexpr std::uint64_t kLinkVersion = 1;
inline constexpr std::size_t kTokenBytesMax = 256;

// Bits of what an end can do; unknown ones are ignored.
inline constexpr std::uint64_t kCanZstd = 1;

// The name to knock with where only one database is offered: over a unix socket, whose path says which.
inline constexpr const char* kOnlyDatabase = ".";

// Beside the types of sync/frames.h.
inline constexpr std::uint8_t kKnockType = 64;
inline constexpr std::uint8_t kAdmitType = 65;

struct Knock {
  std::uint64_t version = kLinkVersion;
  std::string database;
  base::Bytes token;
  std::uint64_t capabilities = kCanZstd;
};

struct Admit {
  std::uint64_t version = kLinkVersion;
  std::uint64_t capabilities = kCanZstd;
};

base::Bytes encode(const Knock& knock);
base::Bytes encode(const Admit& admit);

// std::nullopt for what breaks the protocol. Of a Knock with a newer version nothing after the version is read.
std::optional<Knock> decodeKnock(base::ByteView frame);
std::optional<Admit> decodeAdmit(base::ByteView frame);

}  // namespace blazedb::link
