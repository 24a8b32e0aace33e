// TLS 1.3 at both ends, and which certificates an end accepts.
//
// A client always verifies. It accepts a certificate that a trusted authority has signed (of the system, or of a file)
// and that is for the host that it asked for. If there are pins, the key must be one of them *as well*. The exception
// is a self-signed certificate: if its key is pinned, the pin alone decides, because it says more than a name. The
// dates must be right in any case.
//
// A hub that asks for client certificates accepts no connection without one.
//
// Sessions are never resumed. A handshake costs a millisecond and connections last for days, while a ticket would be
// one more key to protect.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "link/certificate.h"
#include "link/stream.h"

struct ssl_ctx_st;
struct bio_method_st;
struct x509_store_st;

namespace blazedb::link {

struct TlsClientOptions {
  std::vector<std::string> pins;  // "sha256/" and the base64 of the SHA-256 of a public key (SPKI); one must match
  std::string caFile;             // PEM; empty: the system's authorities
  std::string certificateFile, keyFile;  // PEM, the client's certificate; empty: it has none
};

struct TlsServerOptions {
  std::string certificateFile;  // PEM, the chain
  std::string keyFile;          // PEM
  std::string clientCaFile;     // PEM; empty: clients need no certificate
  bool own = false;             // the first two are the hub's own (own_certificate.h)
};

// The settings that all connections of one client or one hub share. Immutable and thread-safe.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  // Shared by the connections that were made with it: an older context lives as long as its connections. Both throw
  // Error(InvalidArgument), which names a file that cannot be used, and what readPem throws.
  static std::shared_ptr<const TlsContext> forClient(const TlsClientOptions& options);
  static std::shared_ptr<const TlsContext> forServer(const TlsServerOptions& options);
  ~TlsContext();

  // The certificate must be for `host` (HostName::verified).
  std::unique_ptr<Stream> connect(int fd, const std::string& host) const;
  std::unique_ptr<Stream> accept(int fd) const;

  const std::vector<std::string>& pins() const { return pins_; }
  // The certificate that this end presents; empty for a client without one.
  const CertificateFacts& shown() const { return shown_; }

 private:
  friend class TlsStream;
  TlsContext();
  void useCertificate(const std::string& certificateFile, const std::string& keyFile, SymbolicLinks links);

  struct Free {
    void operator()(ssl_ctx_st* context) const;
    void operator()(bio_method_st* method) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<bio_method_st, Free> socket_;
  std::vector<std::string> pins_;
  CertificateFacts shown_;
  std::shared_ptr<x509_store_st> systemAuthorities_;
};

}  // namespace blazedb::link
