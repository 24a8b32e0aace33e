// TlsStream runs OpenSSL over a socket that does not block. verify() decides about certificates, and meaningOf() turns
// OpenSSL's errors into advice.
#include "link/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/mutex.h"
#include "blazedb/error.h"
#include "link/pem_file.h"

namespace blazedb::link {
namespace {

// The socket behind a BIO of ours. OpenSSL's own BIO for sockets would let SIGPIPE through.
int fdOf(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int readSocket(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  std::ptrdiff_t got =
      receiveSome(fdOf(bio), {reinterpret_cast<std::uint8_t*>(into), static_cast<std::size_t>(std::max(size, 0))});
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int writeSocket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  std::ptrdiff_t sent =
      sendSome(fdOf(bio), {reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(std::max(size, 0))});
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long controlSocket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

std::string openSslReason() {
  unsigned long error = ERR_get_error();
  const char* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  return reason ? reason : "no reason given";
}

[[noreturn]] void unusable(const std::string& what) {
  throw Error(ErrorCode::InvalidArgument, what + ": " + openSslReason());
}

// Reading them takes 40 ms, and they fill a megabyte: all contexts that need them share them.
std::shared_ptr<X509_STORE> systemAuthorities() {
  static base::Mutex mutex;
  static std::weak_ptr<X509_STORE> shared GUARDED_BY(mutex);
  base::Lock lock(mutex);
  std::shared_ptr<X509_STORE> store = shared.lock();
  if (store) return store;
  store.reset(X509_STORE_new(), X509_STORE_free);
  if (!store) throw std::bad_alloc();
  X509_STORE_set_default_paths(store.get());
  shared = store;
  return store;
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// The certificates of a file, at least one.
std::vector<Certificate> certificatesIn(const std::string& path, SymbolicLinks links = SymbolicLinks::followed) {
  Pem file = readPem(path, Holds::certificates, links);
  std::vector<Certificate> all;
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr)) all.emplace_back(next, X509_free);
  bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !atEnd) unusable("no certificate (PEM) can be read from " + path);
  ERR_clear_error();
  return all;
}

// Makes the context trust the authorities of a file, and returns them.
std::vector<Certificate> believe(SSL_CTX* context, const std::string& path) {
  std::vector<Certificate> authorities = certificatesIn(path);
  for (const Certificate& authority : authorities)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1)
      unusable("an authority's certificate in " + path + " cannot be used");
  return authorities;
}

// What a failed TLS operation means, and what the user can do about it.
sync::Bye meaningOf(unsigned long error) {
  const char* reason = ERR_reason_error_string(error);
  std::string said = reason ? std::string(" (") + reason + ")" : "";
  switch (ERR_GET_REASON(error)) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return {ErrorCode::TlsTooOld, "the peer does not speak TLS 1.3; update what runs there" + said};
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return {ErrorCode::ProtocolError, "the peer does not speak TLS; check the port, and useTLS at both ends" + said};
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return {ErrorCode::UntrustedCertificate, "the hub accepts no client without a certificate" + said};
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return {ErrorCode::UntrustedCertificate, "the peer does not accept the certificate of this end" + said};
    default:
      return {ErrorCode::Offline, "TLS failed" + said};
  }
}

}  // namespace

class TlsStream final : public Stream {
 public:
  TlsStream(std::shared_ptr<const TlsContext> context, int fd, const std::string& host)
      : context_(std::move(context)), host_(host), ssl_(SSL_new(context_->context_.get()), SSL_free) {
    BIO* bio = BIO_new(context_->socket_.get());
    if (!ssl_ || !bio) throw std::bad_alloc();
    // The descriptor travels in the place of the pointer, which nobody follows.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    if (host_.empty()) {
      SSL_set_accept_state(ssl_.get());
      return;
    }
    SSL_set_connect_state(ssl_.get());
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str()) != 1) {
      ERR_clear_error();
      if (X509_VERIFY_PARAM_set1_host(wanted, host_.data(), host_.size()) != 1 ||
          SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data()) != 1)
        unusable("'" + host_ + "' cannot be the name of a host");
    }
  }

  StreamResult handshake() override {
    ERR_clear_error();
    return result(SSL_do_handshake(ssl_.get()), 0);
  }
  StreamResult read(std::span<std::uint8_t> into) override {
    ERR_clear_error();
    std::size_t got = 0;
    int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    return result(done, got);
  }
  StreamResult write(base::ByteView bytes) override {
    ERR_clear_error();
    std::size_t written = 0;
    int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
    return result(done, written);
  }
  void end() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  sync::Bye failure() const override { return failure_; }
  bool heard() const override { return BIO_number_read(SSL_get_rbio(ssl_.get())) > 0; }

  // OpenSSL calls this during a client's handshake. Decides whether to accept the peer's certificate.
  static int verify(X509_STORE_CTX* chain, void*) {
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    try {
      return self->verifyPeer(chain) ? 1 : 0;
    } catch (const std::exception& error) {
      return self->refuse(ErrorCode::UntrustedCertificate, error.what()) ? 1 : 0;
    }
  }

 private:
  StreamResult result(int done, std::size_t bytes) {
    if (done > 0) return {Outcome::done, bytes};
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return {Outcome::wantRead, 0};
      case SSL_ERROR_WANT_WRITE:
        return {Outcome::wantWrite, 0};
      case SSL_ERROR_ZERO_RETURN:
      case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return {Outcome::closed, 0};
      default: {
        unsigned long error = ERR_peek_error();
        ERR_clear_error();
        if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {Outcome::closed, 0};
        if (!refused_) failure_ = meaningOf(error);
        return {Outcome::failed, 0};
      }
    }
  }

  bool verifyPeer(X509_STORE_CTX* chain) {
    X509* leaf = X509_STORE_CTX_get0_cert(chain);
    std::string pin = pinOf(leaf);
    const std::vector<std::string>& pins = context_->pins();
    bool pinned = std::find(pins.begin(), pins.end(), pin) != pins.end();
    if (!pins.empty() && !pinned) {
      X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
      return refuse(ErrorCode::WrongPin,
                    "the key of '" + host_ + "' is " + pin +
                        ", which is none of the pins; was its key replaced, or is it another machine?");
    }
    bool vouchesForItself = X509_self_signed(leaf, 1) == 1;
    if (pinned && vouchesForItself) {
      if (X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0 && X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0)
        return true;
      X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_HAS_EXPIRED);
      return refuse(ErrorCode::ExpiredCertificate, expired());
    }
    if (X509_verify_cert(chain) == 1) return true;
    int error = X509_STORE_CTX_get_error(chain);
    switch (error) {
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return refuse(ErrorCode::WrongHostName, "the certificate is not for '" + host_ + "'");
      case X509_V_ERR_CERT_HAS_EXPIRED:
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return refuse(ErrorCode::ExpiredCertificate, expired());
      default:
        std::string advice = vouchesForItself ? "; it is self-signed, and can be accepted by its pin, which is " + pin +
                                                    " if nobody is in between: compare it with what the hub shows"
                                              : std::string("; give the file of the authority that signed it");
        return refuse(ErrorCode::UntrustedCertificate, std::string("the certificate of '") + host_ +
                                                           "' is not trusted: " + X509_verify_cert_error_string(error) +
                                                           advice);
    }
  }
  bool refuse(ErrorCode code, const std::string& text) {
    refused_ = true;
    failure_ = {code, text};
    return false;
  }
  std::string expired() const {
    return "the certificate of '" + host_ +
           "' is not valid at this time; renew it, or set the clock of this machine right";
  }

  std::shared_ptr<const TlsContext> context_;  // shared with its owner and the other connections
  std::string host_;                           // empty at a hub's end
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool refused_ = false;  // verify() refused the peer's certificate
  sync::Bye failure_;
};

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsContext::Free::operator()(bio_method_st* method) const { BIO_meth_free(method); }

TlsContext::TlsContext() : context_(SSL_CTX_new(TLS_method())), socket_(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket")) {
  if (!context_ || !socket_) throw std::bad_alloc();
  BIO_meth_set_read(socket_.get(), readSocket);
  BIO_meth_set_write(socket_.get(), writeSocket);
  BIO_meth_set_ctrl(socket_.get(), controlSocket);
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
}

TlsContext::~TlsContext() = default;

void TlsContext::useCertificate(const std::string& certificateFile, const std::string& keyFile, SymbolicLinks links) {
  SSL_CTX* context = context_.get();
  std::vector<Certificate> chain = certificatesIn(certificateFile, links);
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
    unusable("the certificate in " + certificateFile + " cannot be used");
  for (std::size_t i = 1; i < chain.size(); i++)
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      unusable("the chain in " + certificateFile + " cannot be used");
  auto key = keyIn(readPem(keyFile, Holds::key, links));
  if (!key) unusable("there is no key (PEM, without a passphrase) in " + keyFile);
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    unusable("the key in " + keyFile + " is not that of " + certificateFile);
  shown_ = factsOf(chain.front().get());
}

std::shared_ptr<const TlsContext> TlsContext::forClient(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = made->context_.get();
  for (const std::string& pin : options.pins)
    if (!isPin(pin))
      throw Error(ErrorCode::InvalidArgument,
                  "'" + pin + "' is not a pin: a pin is sha256/ and the base64 of the SHA-256 of a public key");
  made->pins_ = options.pins;
  ERR_clear_error();
  if (options.caFile.empty())
    SSL_CTX_set1_cert_store(context, (made->systemAuthorities_ = systemAuthorities()).get());
  else
    believe(context, options.caFile);
  if (!options.certificateFile.empty())
    made->useCertificate(options.certificateFile, options.keyFile, SymbolicLinks::followed);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, TlsStream::verify, nullptr);
  return made;
}

std::shared_ptr<const TlsContext> TlsContext::forServer(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = made->context_.get();
  made->useCertificate(options.certificateFile, options.keyFile,
                       options.own ? SymbolicLinks::refused : SymbolicLinks::followed);
  if (!options.clientCaFile.empty()) {
    for (const Certificate& authority : believe(context, options.clientCaFile))
      SSL_CTX_add_client_CA(context, authority.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return made;
}

std::unique_ptr<Stream> TlsContext::connect(int fd, const std::string& host) const {
  if (host.empty()) throw Error(ErrorCode::InvalidArgument, "a host has a name");
  return std::make_unique<TlsStream>(shared_from_this(), fd, host);
}

std::unique_ptr<Stream> TlsContext::accept(int fd) const {
  return std::make_unique<TlsStream>(shared_from_this(), fd, std::string());
}

}  // namespace blazedb::link
