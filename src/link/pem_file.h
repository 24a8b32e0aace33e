// Reads and writes files with certificates and keys, and refuses those that another user could have planted or read.
//
// Such a file may lie in a folder that others write to, as /tmp. This refuses a file that is not a regular one (opening
// a FIFO would block), that belongs to neither this user nor root, or that others may write to; and, as ssh does, a key
// that others may read. A key of root may be readable by a group, because root has chosen that group.
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
// A user may name a file through a symbolic link. A file that a hub makes for itself is never a link.
enum class SymbolicLinks { followed, refused };

// Reads a file into memory; none if there is no such file. Throws Error(InvalidArgument), which names a refused file
// and says how to mend it, and Error(IoError) if it cannot be read.
Pem findPem(const std::string& path, Holds holds, SymbolicLinks links);
// The same, but throws Error(InvalidArgument) if there is no such file.
Pem readPem(const std::string& path, Holds holds, SymbolicLinks links = SymbolicLinks::followed);

// Public keys that are in another form than PEM: the text of a file, refused as one with certificates is. Throws as
// readPem.
std::string readPublicText(const std::string& path);

// Replaces a file by `contents` (a few KiB) in one step: after a crash there is the old file or the new one. When it
// returns the file is on the disk. Throws Error: IoError, DiskFull.
void replacePem(const std::string& path, Holds holds, const Pem& contents);

}  // namespace blazedb::link
