#include "sharing.h"

#include "group.h"

namespace blazedb::cli {

void Sharing::declare(Arguments& arguments) {
  arguments.names("--collections", collections, "share only these collections (default: all)");
  arguments.names("--fields", fields, "share only these fields (default: all)");
  arguments.option("--filter", "EXPRESSION", filter,
                   "share only the records for which this is true, as in blazedb query (default: all)");
  arguments.option("--user", "NAME", user,
                   "share what the policies of the database let this user read and, with --read-write, write (default: "
                   "policies do not concern the other apps)");
  arguments.flag("--read-write", readWrite, "let the other apps write too (default: they only receive)");
  arguments.flag("--relay", relay,
                 "with --read-write: let the other apps also bring writes of other databases, servers too, that they "
                 "did not get from here (default: they write as clients)");
}

std::string Sharing::givenOption() const {
  if (!group.root.empty()) return "--root";
  if (!group.unixGroup.empty()) return "--unix-group";
  if (!group.executables.empty()) return "--program";
  if (!collections.empty()) return "--collections";
  if (!fields.empty()) return "--fields";
  if (!filter.empty()) return "--filter";
  if (!user.empty()) return "--user";
  if (readWrite) return "--read-write";
  return relay ? "--relay" : "";
}

void Sharing::refuseContradictions() const {
  if (relay && !readWrite) throw UsageError("--relay needs --read-write");
}

ExportPolicy Sharing::policy() const {
  ExportPolicy policy;
  policy.collections = collections;
  if (!fields.empty()) policy.fields = fields;
  if (!filter.empty()) policy.filter = ExportFilter::where(filter);
  if (!user.empty()) policy.rights = ExportRights{user};
  policy.readOnly = !readWrite;
  policy.mayRelay = relay;
  return policy;
}

std::string Sharing::attachCommand(const Database& database) const {
  return "blazedb attach FILE" + optionsOf(group) + " --database " + database.name() +
         (readWrite ? "" : " --read-only");
}

}  // namespace blazedb::cli
