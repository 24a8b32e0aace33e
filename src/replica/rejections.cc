#include "replica/rejections.h"

#include <set>
#include <vector>

#include "base/limits.h"

namespace blazedb::replica {

void noteRejected(Ledger& ledger, const RejectedOn& link, const sync::Rejected& rejected, std::int64_t nowMs) {
  Notes& rows = ledger.rows();
  std::vector<sync::RecordKey> names;
  std::vector<Key> keys;
  for (const sync::Rejection& each : rejected.records) {
    const Collection* collection = ledger.known(each.key.collection);
    keys.push_back({collection ? collection->number : 0, each.key.id});
    names.push_back(each.key);
  }
  std::vector<bool> held(keys.size());
  rows.find(keys, 0, [&](std::size_t i, const Row* row) {
    held[i] = row != nullptr;
    return true;
  });
  std::set<sync::RecordKey> known = rows.setAside(link, names), named;
  std::uint64_t count = rows.rejectedCount(link.peer, link.by);
  std::vector<sync::Rejection> news;
  for (std::size_t i = 0; i < names.size(); i++) {
    const sync::Rejection& each = rejected.records[i];
    if (!each.why) {
      if (known.erase(each.key) == 0) continue;
      count--;
    } else {
      bool isKnown = known.contains(each.key);
      if (!held[i] || (!isKnown && count >= base::kRejectedMax)) continue;
      if (known.insert(each.key).second) count++;
      named.insert(each.key);
    }
    news.push_back(each);
  }
  if (rejected.all)
    for (const sync::Rejection& old : rows.rejectedOn(link, false))
      if (!named.contains(old.key)) news.push_back({old.key, std::nullopt});
  if (!news.empty()) rows.noteRejections(link, news, nowMs);
}

}  // namespace blazedb::replica
