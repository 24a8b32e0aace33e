// Files with certificates and keys, and which of them are believed.
//
// The folder of such a file may be one that others write to, as /tmp is. Refused is what is no regular file (a FIFO
// would keep whoever opens it waiting), what belongs to neither this user nor root, what others may write to, and a key
// that others may read, as ssh does. Root's keys may be readable by a group, which root has chosen.
#pragma once

#include <memory>
#include <string>

struct bio_st;

namespace blazedb::link {

struct PemFree {
  void operator()(bio_st* bio) const;
};
using Pem = std::unique_ptr<bio_st, PemFree>;

enum class Holds { certificates, key };
// A user may name a file through a symbolic link. What a hub makes for itself is never one.
enum class SymbolicLinks { followed, refused };

// The contents, in memory; none where there is no such file. Throws Error(InvalidArgument) that names a file that is
// not believed and says how to mend it, and Error(IoError) where it cannot be read.
Pem findPem(const std::string& path, Holds holds, SymbolicLinks links);
// Likewise; Error(InvalidArgument) where there is no such file.
Pem readPem(const std::string& path, Holds holds, SymbolicLinks links = SymbolicLinks::followed);

// Puts contents (of at most a few KiB) in the place of the file in one step: after a crash there is the old one or the
// new one. On return it is on the disk. Throws Error: IoError, DiskFull.
void replacePem(const std::string& path, Holds holds, const Pem& contents);

}  // namespace blazedb::link
