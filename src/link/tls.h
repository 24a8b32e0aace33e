// TLS 1.3, at either end, and whom it believes.
//
// A client verifies always. A certificate is believed if somebody trusted vouches for it (the system's authorities, or
// those in a file) and it is for the host that was asked for; where there are pins, its key must be one of them *as
// well*. The exception is a certificate that vouches for itself: if its key is pinned, the pin is all there is, and
// says more than a name. Dates count in any case.
//
// A hub that asks for client certificates takes no connection without one.
//
// Sessions are never resumed: a handshake costs a millisecond and connections last for days, while a ticket would be
// one more key to look after.
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
  std::vector<std::string> pins;         // "sha256/" and the base64 of the SHA-256 of a public key (SPKI); any will do
  std::string caFile;                    // PEM; empty: the system's authorities
  std::string certificateFile, keyFile;  // PEM, who the client is; empty: it does not say
};

struct TlsServerOptions {
  std::string certificateFile;  // PEM, the chain
  std::string keyFile;          // PEM
  std::string clientCaFile;     // PEM; empty: clients need no certificate
  bool own = false;             // the first two are the hub's own (own_certificate.h)
};

// What all connections of one client or one hub have in common. Immutable and thread-safe.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
 public:
  // A hub's context is shared by its connections, which may be older than the one that new connections get, and a
  // client's likewise. Both throw Error(InvalidArgument) for what cannot be used, naming the file, and what readPem
  // throws.
  static std::shared_ptr<const TlsContext> forClient(const TlsClientOptions& options);
  static std::shared_ptr<const TlsContext> forServer(const TlsServerOptions& options);
  ~TlsContext();

  // `host` is what the certificate must be for (HostName::verified).
  std::unique_ptr<Stream> connect(int fd, const std::string& host) const;
  std::unique_ptr<Stream> accept(int fd) const;

  const std::vector<std::string>& pins() const { return pins_; }
  // What this end shows; nothing of a client that shows none.
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
