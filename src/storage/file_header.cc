#include "storage/file_header.h"

#include <tuple>
#include <utility>

namespace blazedb::storage {

FileHeader::FileHeader(std::unique_ptr<File> file, std::string path, KeyHeader header, base::Random& random)
    : file_(std::move(file)), path_(std::move(path)), random_(random), header_(std::move(header)) {}

KeyHeader FileHeader::secretForCopy() {
  base::Lock lock(mutex_);
  KeyHeader copy;
  copy.cipher = header_.cipher;
  copy.pageBytes = header_.pageBytes;
  copy.kind = header_.kind;
  copy.cost = header_.cost;
  copy.salt = header_.salt;
  copy.keyEncryptingKey = crypto::SecretBytes(header_.keyEncryptingKey.view());
  return copy;
}

void FileHeader::changePassword(const KeySource& oldKey, const KeySource& newKey, const crypto::KdfCost& cost) {
  base::Lock lock(mutex_);
  KeyHeader header = readHeader(*file_, path_, oldKey, random_);
  header.protectWith(newKey, cost, random_);
  rewriteHeader(*file_, path_, header, random_);
  header_ = std::move(header);
}

FileHeader::Fit FileHeader::match(const LogBase& log) {
  base::Lock lock(mutex_);
  if (header_.alone && log.generation == header_.generation + 1) {
    header_.generation = log.generation;
    header_.state = header_.logState = log.state;
  }
  if (log.state == header_.state || log.state == header_.logState) return Fit::fits;
  return log.generation < header_.generation ? Fit::earlier : Fit::foreign;
}

void FileHeader::repair() {
  base::Lock lock(mutex_);
  repairHeader(*file_, path_, header_, random_);
}

bool FileHeader::lacksFrames(const LogBase& log, std::uint32_t frames) {
  base::Lock lock(mutex_);
  return log.state != header_.state && frames < header_.logFrames;
}

LogBase FileHeader::base() {
  base::Lock lock(mutex_);
  return {header_.generation, header_.state};
}

IoStatus FileHeader::beginState() {
  std::uint64_t state = random_.next64();
  return write(*file_, state, state, 0);
}

IoStatus FileHeader::endState(File& main, const LogBase& log, std::uint32_t frames) {
  return write(main, random_.next64(), log.state, frames);
}

// A generation is never used twice, even if its write failed.
IoStatus FileHeader::write(File& file, std::uint64_t state, std::uint64_t logState, std::uint32_t logFrames) {
  base::Lock lock(mutex_);
  auto was = std::tuple(header_.state, header_.logState, header_.logFrames);
  header_.generation++;
  std::tie(header_.state, header_.logState, header_.logFrames) = std::tuple(state, logState, logFrames);
  IoStatus status = writeOlderCopy(file, header_, random_);
  if (status == IoStatus::ok) return file.sync();
  std::tie(header_.state, header_.logState, header_.logFrames) = was;
  return status;
}

}  // namespace blazedb::storage
