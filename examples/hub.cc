// A hub and a client, here in one program; on two machines each needs its half.

// [program]
#include <blazedb/blazedb.h>

#include <iostream>

using namespace blazedb;

int main() {
  Database hub = Database::open("Hub", "hub.blazedb", "correct horse", {.role = SyncRole::server});
  Database phone = Database::open("Phone", "phone.blazedb", "battery staple");

  // [listen]
  Topology topology;
  NodeId node = topology.registerDatabase(hub, "Hub");
  ListenOptions options{.host = "127.0.0.1", .port = 0};  // a port that is free; else 8080 of every address
  ListenerInfo listener = topology.listen(node, options);
  std::string token = hub.createToken({.name = "Ann's phone"}).secret;
  // [/listen]

  // [connect]
  RemoteNode remote{.host = "127.0.0.1",
                    .port = listener.port,
                    .database = "Hub",
                    .authToken = token,
                    .pinning = CertificatePinningConfig::fromSpki(listener.pin)};
  SyncPolicy policy{.excludeFields = {"draft"}, .encryptionMode = EncryptionMode::smartProxy};
  SyncEngine sync = phone.enableSync(remote, policy);
  UUID id = phone.insert({{"title", "Shopping"}, {"draft", "milk?"}});
  sync.synchronize();  // each has what the other had
  // [/connect]
  bool stayed = !hub.fetch(id)->contains("draft");
  std::cout << "the hub has " << hub.fetch(id)->string("title").value() << (stayed ? ", without" : ", with")
            << " the draft\n";

  // [offline]
  topology.stopListening(listener.id);
  phone.updateFields(id, {{"title", "Shopping, Friday"}});
  std::cout << sync.pendingChanges().count << " change to send\n";

  options.port = listener.port;
  topology.listen(node, options);
  sync.resume();  // tries at once, where it would have tried a little later
  sync.synchronize();
  // [/offline]
  std::cout << "the hub has " << hub.fetch(id)->string("title").value() << "\n";

  // [refused]
  Database stranger = Database::open("Stranger", "stranger.blazedb", "correct horse");
  remote.authToken = "a guess";
  SyncEngine refused = stranger.enableSync(remote, policy);
  try {
    refused.synchronize();
  } catch (const Error& error) {
    std::cout << errorName(error.code()) << "\n";  // also in refused.status(), as `error` and `message`
  }
  // [/refused]
  bool asExpected = stayed && hub.fetch(id)->string("title") == "Shopping, Friday" && stranger.count() == 0 &&
                    refused.status().error == ErrorCode::WrongToken;
  return asExpected ? 0 : 1;
}
// [/program]
