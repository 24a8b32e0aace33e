// The header of an open database: which secret opens the file, and which state its pages are in.
//
// A log (wal_file.h) has changes to the pages of the main file as they were when the log began. Applied to other pages,
// of an older copy of the file for example, it would mix two states, and every page of the mixture would be authentic.
// So each state that a log can begin from has a random id, which header and log name:
//
//   header   `state`: the present state of the pages; `logState`: the state before it, from which a log began, and how
//            many frames of that log the pages have
//   log      the state that it began from, and the generation of the header at that time
//
// A log that is made begins from a new state, and the header with that state is written and synced first. A checkpoint
// that has copied the whole log writes the next state with the same sync that its pages need, and the log's next
// filling begins from there. A crash always leaves one of two cases: the log began from `state`; or it began from
// `logState`, and all of it is applied again. Any other log belongs to another state of the file. If its generation is
// lower, that is an earlier state, which the file has left behind; otherwise a later one, which this file, an older
// copy, never had.
//
// Files from before states were introduced have a state of 0, and so have their logs. A state is written into one copy
// of the header, in turn. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "storage/key_header.h"

namespace blazedb::storage {

// The state that a log began from, as the log names it.
struct LogBase {
  std::uint32_t generation = 0;
  std::uint64_t state = 0;
};

class FileHeader {
 public:
  // `header` comes from readHeader(). `random` must outlive this object.
  FileHeader(std::unique_ptr<File> file, std::string path, KeyHeader header, base::Random& random);

  // The file itself, for reads that do not go through SQLite.
  File& file() { return *file_; }

  // A header for a copy that the same secret opens; without a data key.
  KeyHeader secretForCopy();
  // As DatabaseFile::changePassword. After Error(IoError, DiskFull) either secret may be the one that opens the file.
  void changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost);

  enum class Fit { fits, earlier, foreign };
  // Whether a log belongs to the present state. If a bad block has taken the copy of the header that named the log's
  // state, the header takes that state from the log.
  Fit match(const LogBase& log);
  // Must be called after match(). As repairHeader().
  void repair();
  // Whether a log that fits, with this number of frames, lacks frames that the pages have already.
  bool lacksFrames(const LogBase& log, std::uint32_t frames);
  // What a log that begins now has to name.
  LogBase base();
  // Gives the pages a new state, for a log that begins, and syncs. After `failed` the content of the disk is unknown,
  // and nothing more may be written.
  IoStatus beginState();
  // Writes the next state and syncs, after all `frames` of the log have been written to `main`, which is this file.
  // Failures as beginState().
  IoStatus endState(File& main, const LogBase& log, std::uint32_t frames);

 private:
  IoStatus write(File& file, std::uint64_t state, std::uint64_t logState, std::uint32_t logFrames);

  std::unique_ptr<File> file_;
  const std::string path_;
  base::Random& random_;
  base::Mutex mutex_;
  KeyHeader header_ GUARDED_BY(mutex_);
};

}  // namespace blazedb::storage
