// Errors: one exception type, one table of codes.
//
// BlazeDB throws Error for what a caller cannot know beforehand: a wrong password, a full disk, a record that exists
// already. Expected outcomes are values: fetch() of an absent record is std::nullopt. Background threads throw nothing;
// their errors are in the status of a connection, and its listener gets them.
//
// The table below is the only list of codes. It makes the enum, the names that what() begins with, and the numbers that
// cross the wire. A number is never reused. A new code is added only where a caller would act differently on it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "blazedb/export.h"

namespace blazedb {

// X(name, wire number)
#define BLAZEDB_ERROR_CODES(X)                                                                       \
  X(InvalidArgument, 1)       /* a value, name or option that can never be accepted */               \
  X(TooLarge, 2)              /* a record, name or nesting beyond the limits */                      \
  X(AlreadyExists, 3)         /* insert of an id, or create of a file, that exists */                \
  X(NotFound, 4)              /* no such record, file, node, connection or conflict */               \
  X(Misuse, 5)                /* a call that may not be made here, e.g. inside a transaction */      \
  X(Closed, 6)                /* the database or topology has been closed */                         \
  X(NotSupported, 7)          /* asked for something that this version does not do */                \
  X(Timeout, 8)               /* a barrier was not reached in the given time */                      \
  X(Cancelled, 9)             /* a progress callback asked to stop */                                \
  X(WrongPassword, 20)        /* the file is a database, the password does not open it */            \
  X(DamagedPage, 21)          /* a page, header or record fails authentication or decoding */        \
  X(TruncatedFile, 22)        /* the file is shorter than its contents say */                        \
  X(NotADatabase, 23)         /* the file is something else */                                       \
  X(NewerFormat, 24)          /* written by a newer version of BlazeDB */                            \
  X(DatabaseInUse, 25)        /* another process, or another handle here, owns the file */           \
  X(DiskFull, 26)             /* no space left; nothing of the operation was kept */                 \
  X(IoError, 27)              /* the file system failed to read, write or open */                    \
  X(NeedsReopen, 28)          /* a sync to disk failed earlier; close and open the database again */ \
  X(WrongLog, 29)             /* the log beside the file is of a state that the file never had */    \
  X(OpenedReadOnly, 30)       /* this database was opened with DatabaseOptions::readOnly */          \
  X(OutOfMemory, 31)          /* there is not enough memory for this */                              \
  X(ReadOnlyReplica, 40)      /* this database only receives from its source */                      \
  X(DuplicateReplica, 41)     /* two files carry the same replica id */                              \
  X(HasOwnWrites, 42)         /* a read-only target holds writes of its own; see `adopt` */          \
  X(ModeForbids, 43)          /* the node's SyncMode does not allow this kind of link */             \
  X(ClockSkew, 44)            /* two clocks, or a clock and a stamp, are too far apart */            \
  X(ProtocolTooNew, 45)       /* the peer speaks a newer protocol only */                            \
  X(ProtocolError, 46)        /* the peer sent what the protocol does not allow */                   \
  X(Offline, 47)              /* a connection has ended */                                           \
  X(WrongToken, 60)           /* the hub does not know this token */                                 \
  X(ExpiredToken, 61)         /* the token's time is over */                                         \
  X(UnknownDatabase, 62)      /* the hub has no database of this name */                             \
  X(WrongPin, 63)             /* the peer's key is none of those that are pinned */                  \
  X(WrongHostName, 64)        /* the peer's certificate is for another host */                       \
  X(ExpiredCertificate, 65)   /* the peer's certificate is not valid at this time */                 \
  X(UntrustedCertificate, 66) /* no trusted authority has signed a certificate */                    \
  X(TlsTooOld, 67)            /* the peer speaks only TLS older than 1.3 */                          \
  X(PlaintextForbidden, 68)   /* a connection without TLS that leaves this machine */                \
  X(InvalidPolicy, 69)        /* a sync policy that cannot be applied */                             \
  X(HubStopping, 70)          /* the hub is being stopped; trying again later helps */               \
  X(TooManyAttempts, 71)      /* the hub has as many connections as it can hold */                   \
  X(NotAllowed, 72)           /* the token does not grant what was asked for */                      \
  X(TooManyRemovals, 73)      /* a sync would remove a large part of the records */                  \
  X(PermissionDenied, 74)     /* the hub's policies do not let this user change the record so */     \
  X(RightsChanged, 75)        /* what this client may do has changed; it connects again at once */   \
  X(FilterFailed, 80)         /* the filter function of an export policy has thrown */               \
  X(UnsafeFolder, 81)         /* another user could write to the folder of an app group */           \
  X(NoSuchGroup, 82)          /* there is no app group of this name */

enum class ErrorCode : std::uint16_t {
#define BLAZEDB_ERROR_ENUM(name, number) name = number,
  BLAZEDB_ERROR_CODES(BLAZEDB_ERROR_ENUM)
#undef BLAZEDB_ERROR_ENUM
};

// The name of a code in the table ("AlreadyExists"), or "Unknown". Thread-safe, never throws.
BLAZEDB_API std::string_view errorName(ErrorCode code);

// what() is one line: "<name>: <what happened and what to do about it>". Copying and rethrowing are safe.
class BLAZEDB_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace blazedb
