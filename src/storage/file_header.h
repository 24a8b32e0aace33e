// The header of a database that is open: who may open the file, and in which state its pages are.
//
// A log (wal_file.h) holds what is to be put upon the pages of the main file as they were when it began. Put upon other
// pages, of an older copy of the file say, it would mix two states, and every page of the mixture would be authentic.
// So each state that a log can begin from has a random id, and header and log name it:
//
//   header   state: what the pages are now;  and where they came from: logState, and how many frames of the log that
//            began from it are in them
//   log      the state that it began from, and the generation of the header then
//
// A new log, where there was none, begins from a state of its own: the header is written and synced first. A checkpoint
// that has copied all of a log writes the next state with the same sync that its pages need, so that it costs none of
// its own, and the log's next filling begins from there. What a crash leaves is always one of two: the log began from
// `state`; or from `logState`, and all of it goes upon the pages again. Any other log belongs to another state of the
// file: an earlier one, which the file has left behind, if its generation is lower; else a later one, which this file,
// an older copy, has never had.
//
// Files of before this have a state of 0, and their logs as well. A state is written into one copy of the header, in
// turn. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "storage/key_header.h"

namespace blazedb::storage {

// What a log says of the state that it began from.
struct LogBase {
  std::uint32_t generation = 0;
  std::uint64_t state = 0;
};

class FileHeader {
 public:
  // `header` is what readHeader() gave. `random` must outlive this.
  FileHeader(std::unique_ptr<File> file, std::string path, KeyHeader header, base::Random& random);

  // The file itself, to be read past SQLite.
  File& file() { return *file_; }

  // What opens a copy of the file as well; without a data key.
  KeyHeader secretForCopy();
  // As DatabaseFile says; Error(IoError, DiskFull) leaves it open which of the two opens the file.
  void changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost);

  enum class Fit { fits, earlier, foreign };
  // Where a bad block has taken the copy of the header that named the log's state, it is taken over from the log.
  Fit match(const LogBase& log);
  // Once that is done: as repairHeader().
  void repair();
  // Whether a log that fits and has only so many frames lacks some that the pages hold already.
  bool lacksFrames(const LogBase& log, std::uint32_t frames);
  // What a log that begins now has to say.
  LogBase base();
  // The pages get an id of their own, for a log that begins. Synced. After `failed` nobody knows what is on the disk,
  // and nothing more may be written.
  IoStatus beginState();
  // All `frames` of the log have been written to `main`, which is this file: the next state, synced with them.
  // Otherwise as beginState().
  IoStatus endState(File& main, const LogBase& log, std::uint32_t frames);

 private:
  IoStatus write(File& file, std::uint64_t state, std::uint64_t logState, std::uint32_t logFrames);

  std::unique_ptr<File> file_;
  const std::string path_;
  base::Random& random_;
  std::mutex mutex_;
  KeyHeader header_;
};

}  // namespace blazedb::storage
