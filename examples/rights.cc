// One hub for many users: policies say what each of them may read and write.
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database hub = Database::open("hub", "hub.blazedb", "hub password", {.role = SyncRole::server});

  // [rights]
  hub.users().put("ann", {.roles = {"editor"}});
  Team north = hub.users().addTeam("north");
  hub.users().join("ann", north.id);
  hub.policies().add({"notes", Operation::read, "team_id IN $user.teams OR owner = $user.name"});
  hub.policies().add({"notes", Operation::write, "owner = $user.name"});
  NewToken phone = hub.createToken({.name = "Ann's phone", .user = "ann"});  // what she connects with
  // [/rights]

  Collection notes = hub.collection("notes");
  notes.insert({{"text", "of her team"}, {"team_id", north.id}, {"owner", "bob"}});
  notes.insert({{"text", "bob's own"}, {"owner", "bob"}});

  Topology topology;
  NodeId node = topology.registerDatabase(hub, "hub");
  ListenerInfo listening = topology.listen(node, {.host = "127.0.0.1", .port = 0});
  Database client = Database::open("phone", "phone.blazedb", "phone password");
  RemoteNode remote{.host = "127.0.0.1", .port = listening.port, .database = "hub", .authToken = phone.secret};
  remote.pinning = CertificatePinningConfig::fromSpki(listening.pin);
  // [teams]
  SyncPolicy policy{.teams = {{north.id}}, .encryptionMode = EncryptionMode::smartProxy};
  // [/teams]
  SyncEngine sync = client.enableSync(remote, policy);
  // [rejected]
  Subscription told = client.onRejected(
      [](const RejectedChange& change) { std::cout << "the hub did not take a change: " << change.reason << "\n"; });
  // [/rejected]
  Collection hers = client.collection("notes");
  hers.insert({{"text", "her own"}, {"owner", "ann"}, {"team_id", north.id}});
  UUID gift = hers.insert({{"text", "in bob's name"}, {"owner", "bob"}});
  sync.synchronize();
  bool isThere = hers.fetch(gift).has_value();  // false: the change waits in rejectedChanges()

  std::string newToken = hub.createToken({.name = "Ann's phone", .user = "ann"}).secret;
  // [renew]
  remote.authToken = newToken;
  sync = client.enableSync(remote, {.encryptionMode = EncryptionMode::smartProxy});  // ends the earlier connection
  // [/renew]
  sync.synchronize();

  for (const Record& note : hers.fetchAll()) std::cout << "ann sees: " << note.string("text").value() << "\n";
  std::cout << "the hub has " << notes.count() << " notes\n";
  return isThere ? 1 : 0;
}
