#!/usr/bin/env bash
# Plants bugs, one at a time, in a copy of the tree, and counts how many of them the simulation catches.
#
#   tests/sim/mutants.sh [SEEDS]     seeds to try for each bug (default 2000)
#
# A bug is a file, what to look for (a fixed string, on one line) and what to put there. One that no longer applies is an error:
# the list must follow the code.
set -euo pipefail
cd "$(dirname "$0")/../.."
seeds=${1:-2000}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
cd "$copy"
cmake --preset release -DBLAZEDB_BUILD_APPS=OFF -DBLAZEDB_BUILD_BENCH=OFF >/dev/null
cmake --build --preset release --target sim_tests >/dev/null

caught=0 planted=0
mutant() {
  local name=$1 file=$2 from=$3 to=$4
  grep -qF -- "$from" "$file" || { echo "mutants: '$name' no longer applies to $file" >&2; exit 1; }
  cp "$file" "$file.sound"
  FROM=$from TO=$to perl -0pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/' "$file"
  planted=$((planted + 1))
  if ! cmake --build --preset release --target sim_tests >build.log 2>&1; then
    echo "mutants: '$name' does not compile" >&2
    grep -m3 error build.log >&2
    exit 1
  fi
  local out
  if out=$(BLAZEDB_SIM_COUNT=$seeds BLAZEDB_SIM_FAILED_MAX=1 timeout $((120 + seeds / 5)) build/release/tests/sim/sim_tests --gtest_filter='All*:Exports*:Hostile*:Rights*:Paired*' --gtest_fail_fast 2>&1); then
    echo "MISSED  $name"
  else
    caught=$((caught + 1))
    echo "caught  $name: $(grep -m1 -oE 'seed [0-9]+(: .*)?$' <<<"$out" || echo 'it crashed or hung')"
  fi
  mv "$file.sound" "$file"
  touch "$file"  # else it is older than what was built from the bug
}

mutant "merge picks the lower stamp" src/sync/merge.cc 'return theirs.stamp > mine.stamp;' 'return theirs.stamp < mine.stamp;'
mutant "a cell up to the floor is kept" src/sync/merge.cc 'return cell.stamp <= state.floor.stamp;' 'return cell.stamp <= state.floor.stamp && false;'
mutant "an insert over a delete has no floor" src/sync/merge.cc 'state.floor = state.tomb;' ''
mutant "a removed field is forgotten before its readers have heard of it" src/replica/forgettable.cc 'cell.position <= what.passed &&' ''
# The worlds rarely come to this one; Forgettable.IsNotTheHighestAuthority fails with it.
mutant "the highest authority is forgotten" src/replica/forgettable.cc 'if (highest && highest->stamp.authority > others)' 'if (false && highest)'
# The simulated worlds rarely reach this one; Merge.SaysWhatItDid fails with it.
mutant "a revived record keeps its old positions" src/sync/merge.h 'detail::reviveAt(mine, position);' ''
mutant "a merge that changes nothing takes a position" src/replica/merger.cc 'if (outcome.changed || forgotten) {' 'if (outcome.changed || forgotten || alive) {'
mutant "the cursor is committed before the data" src/db/engine_store.cc 'sync::ApplyResult result;' 'sync::ApplyResult result; if (incoming.cursor) write(Durability::full, [&](Changes& changes) { changes.tables().setCursor(incoming.agreement.peer.replica, incoming.agreement.scope, *incoming.cursor); });'
mutant "a tombstone is purged early" src/db/upkeep.cc 'std::uint64_t oldest = sync::HybridClock::fromWall(' 'upTo = shared_.published.feedEnd(); std::uint64_t oldest = ~std::uint64_t{0} - sync::HybridClock::fromWall('
mutant "a part is stored where the whole is needed" src/replica/merger.cc 'if (!change.complete && alive) {' 'if (!change.complete && alive && false) {'
mutant "a cursor is not taken back to where its incarnation ended" src/db/incarnations.cc 'if (cursor.reach > end) return' 'if (false && cursor.reach > end) return'
mutant "transactions that share a record are sent apart" src/replica/feed_reader.cc 'entry.mark != 0 && entry.position >= joinedUntil' 'entry.mark != 0'
mutant "the clock is not moved past what was merged" src/replica/merger.cc 'if (result.missing.empty()) mirror_.clock.observe(latestTime(theirs));' ''
mutant "a client does not copy the authority it has seen" src/db/changes.cc ': authority, time' ': authority * 0, time'
mutant "an echo is withheld although the peer has started anew" src/db/tables_peers.cc 'WHERE replica = ?1 AND incarnation = ?2' 'WHERE replica = ?1 AND (incarnation = ?2 OR 1)'
mutant "a sweep removes what the peer has not seen" src/replica/forgetting.cc 'row.position > sweep.peerHasApplied.position &&' 'row.position > sweep.peerHasApplied.position * 1000 + 1000000 &&'
mutant "a feed is read from one position too far" src/db/tables_records.cc 'WHERE f.position > ?1 ORDER' 'WHERE f.position > ?1 + 1 ORDER'
mutant "echoes withheld are not announced at the end" src/sync/sender.cc 'if (withheld() > 0) sendBatch' 'if (withheld() > 1000) sendBatch'
mutant "a scope's cursor is used for another scope" src/db/tables_peers.cc 'WHERE peer = ?1 AND scope = ?2' 'WHERE peer = ?1 AND scope >= x'"'"''"'"' AND ?2 IS NOT NULL'
mutant "what is unsent is removed with the scope it belonged to" src/replica/forgetting.cc 'bool hadRow = row.position <= has.position ||' 'bool hadRow = true ||'
mutant "what an earlier incarnation acknowledged counts as what the peer has" src/replica/forgetting.cc 'sameIncarnation ? old.acknowledged : sync::Cursor{}' 'sameIncarnation || true ? old.acknowledged : sync::Cursor{}'
mutant "a delete is not told again to the peer that sent it and forgot it" src/replica/merger.cc '(row.origin == origin_ && position' '(false && row.origin == origin_ && position'
# The simulated worlds rarely reach these; each has a test that fails with it:
# SweepTest.APartialChangeOfARecordThatLivesSaysThatItLives,
# SweepTest.ASweepOfTheSenderConcernsAPeerThatIsCatchingUpToo, and below, for the mutants of what a peer has passed,
# ScopeTest.WhatThePeerHasNotGotIsNotRemoved.
mutant "a part of a record that lives looks dead" src/replica/feed_reader.cc 'state.alive() && state.tomb.stamp.present() ? state.latest()' 'false && state.tomb.stamp.present() ? state.latest()'
mutant "a sweep does not concern a peer that is catching up" src/sync/sender.cc 'if (store.purgeHorizon() > std::max(horizon_, acked_.position)) {' 'if (!catchingUp_ && store.purgeHorizon() > std::max(horizon_, acked_.position)) {'
mutant "a part says what changed since the batch before" src/sync/sender.cc 'query.complete = completeTo_;' 'query.complete = readTo_;'
mutant "a catching-up that is interrupted counts as complete" src/sync/receiver.cc 'bool complete = batch.reach == batch.to;' 'bool complete = batch.reach >= batch.to;'
mutant "an echo hides an earlier change" src/replica/feed_reader.cc 'verdict != Verdict::giveAgain && row.changedOnce(after)' 'verdict != Verdict::giveAgain'
mutant "what a peer has passed counts in every scope" src/replica/peers.cc 'const Known& each) { return each.scope == scope; }' 'const Known& each) { return each.scope == scope || true; }'
mutant "what is taken back goes although a field of it is unsent" src/replica/merger.cc 'if (waits) return' 'if (waits && row.origin == 0) return'
mutant "a peer that keeps what it has is told to sweep" src/sync/sender.cc 'hasForgotten(subscribe, start.position) && end_.agreement.peerSweeps;' 'hasForgotten(subscribe, start.position);'
mutant "an end that has forgotten deletes does not read a keeping peer again" src/sync/sender.cc 'if (askedFrom > 0) return startOver();' 'if (false && askedFrom > 0) return startOver();'
mutant "a newcomer never hears of a delete" src/replica/merger.cc 'position <= incoming.deadFrom' 'position > incoming.deadFrom && false'
mutant "a hub takes the authority of an insert for the highest of the record" src/sync/stamp_rules.cc 'mine ? mine->authority() : rules.clock' 'mine ? mine->base.stamp.authority : rules.clock'
mutant "a client's order to sweep is obeyed" src/sync/receiver.cc 'if (!agreement.writes.mayErase)' 'if (!agreement.writes.mayErase && false)'
mutant "a client takes back what others wrote" src/sync/agreement.h 'writes.mayErase && (imports() || fromPeer)' '(imports() || fromPeer)'
mutant "a client's authority is believed" src/sync/stamp_rules.cc '&& stamp.authority > authority' '&& stamp.authority > authority && false'
mutant "a client writes in the hub's name" src/sync/stamp_rules.cc 'stamp.writer == rules.incarnation && unheardOf' 'stamp.writer == rules.incarnation && unheardOf && false'
mutant "a false clock wins" src/replica/merger.cc 'if (beyond <= 0) return std::nullopt;' 'if (beyond <= 0 || true) return std::nullopt;'
mutant "a token for one collection writes to others" src/replica/merger.cc 'if (!scope.has(change.collection)) return outside' 'if (!scope.has(change.collection) && false) return outside'
mutant "a refused part is merged without the rest" src/replica/merger.cc 'if (item.aside && !change.complete && item.aside' 'if (item.aside && !change.complete && false && item.aside'
# The worlds rarely come to these: Counter.*, CounterTest.AFileThatWasPutBackLosesNothingThatItHadSent and
# CounterTest.ACopyUnderAnotherIdDoesNotTakeOverWhatTheOriginalCounted fail with them.
mutant "a sum that two parts list counts twice" src/codec/counter.cc 'if (added.insert(of).second) news.add(of, its);' 'news.add(of, its);'
mutant "a part is taken over before its readers have passed a later opening" src/db/changes.cc 'return former->second <= *passed;' 'return true;'
mutant "a copy takes over what the original counted" src/db/engine.cc 'tables.setMetaNumber(kInherited, tables.incarnations().size());' ''
mutant "an observer is not told of what is erased" src/replica/ledger.cc 'noteTouched(collection, before.row.id, before.hash.has_value(), false);' ''
mutant "an observer is not told of fields that a sweep removes" src/replica/ledger.cc '|| before->hash != after.hash)' ')'
mutant "a live query keeps what no longer matches" src/db/live_query.cc 'if (!candidate.now && member == members_.end()) continue;' 'if (!candidate.now) continue;'
mutant "a policy is judged on the new state only" src/replica/merger.cc 'if (item.found && item.held.alive()) before =' 'if (false && item.held.alive()) before ='
mutant "a delete is not judged" src/replica/merger.cc 'if (std::optional<sync::Bye> why = checkRights(incoming, item, alive, encoded_.fields)) return why;' 'if (std::optional<sync::Bye> why = checkRights(incoming, item, alive, encoded_.fields); why && alive) return why;'
mutant "an answer to Need has what the user may not read" src/replica/feed_reader.cc 'if (verdict == Verdict::nothing || verdict == Verdict::takeBack) {' 'if (!row || verdict == Verdict::takeBack) {'
mutant "an exporter counts on what it had given before it stopped counting" src/sync/sender.cc 'bool forgets = chooses ? peerSweeps_ : known.has_value();' 'bool forgets = chooses && peerSweeps_;'
mutant "an importer is known by its first Ack only" src/sync/sender.cc '} else if (chooses && !filterNoted_) {' '} else if (known && chooses && !filterNoted_) {'
mutant "a client that only sent keeps what it may not read" src/sync/sender.cc '(subscribe.cursor.position > 0 || subscribe.hasData)' '(subscribe.cursor.position > 0)'
mutant "a record that is older than the judgement replaces a refused change" src/replica/merger.cc 'bool replaces = incoming.again && item.found' 'bool replaces = change.complete && item.found'
mutant "a merge that was rolled back has replaced a record" src/db/engine_store.cc 'result.replaced.clear();' ''
mutant "a second refusal is taken for the first" src/replica/rejections.cc 'isWritten(*row, author, waits->second.position));' 'isWritten(*row, author, ~std::uint64_t{0}));'
mutant "a refused change is not kept" src/replica/refused.cc 'ledger.keep(fresh);' ''
mutant "a change that is taken after all does not go back" src/db/engine_store.cc 'changes.giveBack(each);' 'changes.tables().removeRefused(each.id);'
mutant "what the peer has refused is sent to it again" src/replica/merger.cc 'if (incoming.refused.contains(item.key())) return false;' ''
mutant "a refused record does not refuse its transaction" src/replica/merger.cc 'for (const sync::RecordKey& key : allowed) mates_.emplace(key, *refused);' ''
mutant "a first sync that was cut is complete" src/sync/sender.cc 'start.position = start.reach = movedAt_;' 'start.position = start.complete = start.reach = movedAt_;'
mutant "an older winner has seen the loser" src/replica/journal.cc '&& value.wonOver.time >= value.lostStamp.time;' ';'
mutant "what a refusal replaces is not listed" src/replica/refused.cc 'addOverridden(overridden, refused.key, sync::merge(merged, its, position, isOwn), author);' 'std::vector<Overridden> unlisted = overridden; addOverridden(overridden, refused.key, sync::merge(merged, its, position, isOwn), author); overridden = unlisted;'
# What would tell a client of records that it may not see.
mutant "a position counts what is hidden" src/sync/sender.cc 'said_ = seals_ ? said_ + batch.changes() + 1 : readTo_;' 'said_ = readTo_;'
mutant "a total counts what is hidden" src/sync/sender.cc 'bool counts = !end_.agreement.reads.chooses() &&' 'bool counts = !end_.agreement.reads.chooses() ||'
mutant "an Ack names the end of the feed" src/sync/sender.cc 'if (!end_.agreement.seals()) return end;' 'return end;'
mutant "a cut within a transaction shows what is hidden in it" src/replica/feed_reader.cc 'full = seals && !whole;' ''
mutant "transactions are joined by what is hidden" src/replica/feed_reader.cc 'if (!seals) return true;' 'return true;'
mutant "what is hidden is announced" src/sync/sender.h 'return seals_ ? withheld_ : readTo_ - announcedTo_;' 'return readTo_ - announcedTo_;'
mutant "a hidden delete makes a reader sweep" src/sync/sender.cc 'from < horizon_ && !end_.agreement.reads.chooses();' 'from < horizon_;'
mutant "a hub says whether it holds anything at all" src/sync/receiver.cc 'end_.agreement.seals() || !end_.store.empty();' '!end_.store.empty();'
echo "$caught of $planted planted bugs caught, $seeds seeds each"
