// Tokens: a client shows one to a hub, which lets it in and grants it rights.
//
//   NewToken made = db.createToken({.name = "laptop", .user = "ada", .collections = {"notes"}});
//   std::cout << made.secret << "\n";  // the only time that it is shown
//   db.revokeToken(made.token.id);     // a hub closes its connections
//
// A token belongs to one database. Its secret is 256 random bits; the file keeps a hash of it. A sync never sends
// tokens; a backup has those of its original.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blazedb/sync_role.h"
#include "blazedb/value.h"

namespace blazedb {

struct TokenOptions {
  std::string name;                  // for people: "laptop". All texts here: up to 128 bytes of UTF-8 on one line
  std::string user = {};             // the user of the device, whom policies know; the same in all tokens of one device
  SyncRole role = SyncRole::client;  // the highest role that the client may claim
  bool mayRead = true;               // the client receives what changes here
  bool mayWrite = true;              // this database takes what the client sends
  // The client may also bring writes of other databases, servers too, that it did not get from here: for a client that
  // is connected with those as well. Role server includes this.
  bool mayRelay = false;
  std::vector<std::string> collections = {};  // the collections that it may sync, at most 1,000; empty: all
  // Ids of teams that the user is in, beside those that Users knows of: $user.teams in policies (rights.h). At most
  // 1,000; a text that is no UUID is in no policy's list.
  std::vector<std::string> teams = {};
  std::optional<Date> expires = {};  // absent: never
};

struct Token {
  std::int64_t id = 0;  // unique in this database, never given again; grows
  // Of a user whom an issuer lets in with tokens that it signs (IssuerOptions in remote.h): the issuer. There is one
  // Token for each such user, made when the user first connects; its teams and its end are those that the issuer has
  // signed last. Empty: createToken made it.
  std::string issuer = {};
  TokenOptions options;
  Date created;
  std::optional<Date> revoked;
};

struct NewToken {
  Token token;
  std::string secret;  // "blz_" and 43 characters of A-Z a-z 0-9 - _
};

}  // namespace blazedb
