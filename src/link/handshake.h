// The frames of a new stream, before there is a session: the client knocks, and the hub admits it or says why not.
//
//   client                         hub
//   Knock(version, database, token, capabilities) ->
//                     <- Admit(version, capabilities)      or Bye(code, text), and the stream ends
//   then both ends run a session (sync/session.h)
//
// Until then the client is a stranger, so everything is small and short: frames of at most 64 KiB, and five seconds
// from the connection to Admit. Nothing is compressed, because a token must not share a context with other data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace blazedb::link {

inline constexpr std::uint64_t kLinkVersion = 1;
inline constexpr std::size_t kTokenBytesMax = 8192;  // tokens that an issuer signs are long

// Capabilities are bits; a receiver ignores unknown ones.
inline constexpr std::uint64_t kCanZstd = 1;

// The database's name in a Knock over a unix socket: its path already says which one.
inline constexpr const char* kOnlyDatabase = ".";

// Types beside those of sync/frames.h.
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

// std::nullopt if the peer breaks the protocol. In a Knock with a newer version only the version is read.
std::optional<Knock> decodeKnock(base::ByteView frame);
std::optional<Admit> decodeAdmit(base::ByteView frame);

}  // namespace blazedb::link
