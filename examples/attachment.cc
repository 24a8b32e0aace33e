// A form with a large attachment, which is a record of its own: neither reading nor saving the form touches it.
#include <blazedb/blazedb.h>

#include <iostream>
#include <random>

using namespace blazedb;

int main() {
  Database office = Database::open("Office", "office.blazedb", "correct horse");
  Database archive = Database::open("Archive", "archive.blazedb", "battery staple");
  Topology topology;
  NodeId from = topology.registerDatabase(office, "Office"), to = topology.registerDatabase(archive, "Archive");
  ConnectionId connection = topology.connectLocal(from, to, ConnectionMode::bidirectional);

  Bytes scan(5'000'000);  // like a photo, it cannot be compressed; a record holds up to 8 MiB
  std::mt19937 random(1);
  for (std::uint8_t& byte : scan) byte = static_cast<std::uint8_t>(random());

  UUID form;
  office.transaction([&](Transaction& transaction) {  // no form without its attachment, here and in the archive
    UUID attachment = transaction.collection("attachments").insert({{"type", "image/jpeg"}, {"content", scan}});
    form = transaction.collection("forms").insert({{"title", "Claim 12"}, {"paid", false}, {"scan", attachment}});
  });
  topology.synchronize();
  std::uint64_t before = topology.status(connection).bytes;

  office.collection("forms").updateFields(form, {{"paid", true}});
  topology.synchronize();
  std::uint64_t edit = topology.status(connection).bytes - before;
  std::cout << "the form and its attachment: " << before / 1'000'000
            << " MB, the edit: " << (edit < 2000 ? "less than 2 kB" : "too much") << "\n";

  Record arrived = archive.collection("forms").fetch(form).value();
  Record attachment = archive.collection("attachments").fetch(arrived.uuid("scan").value()).value();
  bool whole = attachment.bytes("content") == scan && arrived.boolean("paid") == true;
  if (!whole || before < scan.size() || edit == 0 || edit >= 2000) return 1;

  // A form goes together with its attachment. An edit elsewhere may bring the form back, then without it.
  office.transaction([&](Transaction& transaction) {
    transaction.collection("forms").remove(form);
    transaction.collection("attachments").remove(arrived.uuid("scan").value());
  });
  topology.synchronize();
  std::cout << archive.collection("attachments").count() << " attachments left\n";
  return archive.collection("forms").count() == 0 && archive.collection("attachments").count() == 0 ? 0 : 1;
}
