// Tokens: what lets a client of a hub in, and what it may do there.
//
//   NewToken made = db.createToken({.name = "laptop", .user = "ada", .collections = {"notes"}});
//   std::cout << made.secret << "\n";  // the only time that it is shown
//   db.revokeToken(made.token.id);     // and closes what is connected with it
//
// A token belongs to one database and is kept in its file: 256 random bits, of which the file has a hash. It never
// travels in a sync; a backup has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/sync_role.h"
#include "blazedb/value.h"

namespace blazedb {

struct TokenOptions {
  std::string name;                  // for people: "laptop". Texts: up to 128 bytes of UTF-8 on one line
  std::string user = {};             // who it is given to; the same in all tokens that one device gets
  SyncRole role = SyncRole::client;  // the highest that its bearer may claim
  bool mayRead = true;               // receives what changes here
  bool mayWrite = true;              // what it sends is merged here
  bool mayRelay = false;             // it may bring what others wrote, and servers, by other ways than from here:
                                     // for a client that is connected with them too. Role server includes it
  std::vector<std::string> collections = {};  // these alone; empty: all
  std::vector<std::string> teams = {};
  std::optional<Date> expires = {};  // absent: never
};

struct Token {
  std::int64_t id = 0;  // ascending, never given again in this database
  TokenOptions options;
  Date created;
  std::optional<Date> revoked;
};

struct NewToken {
  Token token;
  std::string secret;  // "blz_" and 43 characters of A-Z a-z 0-9 - _
};

}  // namespace blazedb
