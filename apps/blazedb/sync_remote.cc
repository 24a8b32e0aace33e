#include "sync_remote.h"

#include <filesystem>
#include <limits>

#include "password.h"
#include "text.h"

namespace blazedb::cli {
namespace {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

[[noreturn]] void unclear(const std::string& text, const std::string& why) {
  throw UsageError("'" + text + "' is neither a file nor the database of a hub: " + why +
                   "; write HOST:PORT/NAME, HOST/NAME or [IPV6]:PORT/NAME for a hub, ./FILE for a file");
}

std::uint16_t parsePort(const std::string& text, const std::string& port) {
  std::optional<std::uint64_t> number = parseNumber(port);
  if (!number || *number == 0 || *number > std::numeric_limits<std::uint16_t>::max())
    unclear(text, "'" + port + "' is not a port; ports are 1 to 65535");
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

std::optional<RemoteAddress> parseRemote(const std::string& text) {
  if (exists(text) || text.starts_with('.') || text.starts_with('/')) return std::nullopt;
  std::size_t slash = text.find('/');
  std::string authority = text.substr(0, slash);
  bool hasBrackets = authority.starts_with('[');
  std::size_t hostEnd = hasBrackets ? authority.find(']') : authority.find(':');
  bool hasPort = !hasBrackets && hostEnd != std::string::npos;
  if (slash == std::string::npos) {
    if (!hasBrackets && !hasPort) return std::nullopt;
    unclear(text, "it names no database");
  }
  if (!hasBrackets && !hasPort && exists(authority)) return std::nullopt;
  if (hasBrackets && hostEnd == std::string::npos) unclear(text, "the ] is missing");

  RemoteAddress address;
  address.host = hasBrackets ? authority.substr(1, hostEnd - 1) : authority.substr(0, hostEnd);
  std::string rest = hostEnd == std::string::npos ? "" : authority.substr(hostEnd + (hasBrackets ? 1 : 0));
  if (rest.starts_with(':')) {
    if (rest.find(':', 1) != std::string::npos) unclear(text, "write an IPv6 address in brackets");
    address.port = parsePort(text, rest.substr(1));
  } else if (!rest.empty()) {
    unclear(text, "'" + rest + "' follows the ]");
  }
  address.database = text.substr(slash + 1);
  if (address.host.empty()) unclear(text, "it names no host");
  if (address.database.empty()) unclear(text, "it names no database");
  if (address.database.find('/') != std::string::npos) unclear(text, "a database has no / in its name");
  if (!hasPort && !hasBrackets && address.database.ends_with(".blazedb"))
    unclear(text, "there is no folder " + authority + " here, and the name looks like one of a file");
  return address;
}

void RemoteSync::declare(Arguments& arguments) {
  arguments.option("--token-file", "PATH", tokenFile,
                   "for a hub: the token is the first line of this file; - is standard input (default: the variable "
                   "BLAZEDB_TOKEN, else the terminal asks for it)");
  arguments.list("--pin", "PIN", pins,
                 "for a hub: the pin of its key, as the hub prints it: sha256/ and 44 characters; repeat the option to "
                 "accept several keys");
  arguments.option("--ca", "PATH", caFile,
                   "for a hub: the PEM file of the certificate authority to trust (default: those of the system)");
  arguments.option("--client-cert", "PATH", clientCertificate,
                   "for a hub: your certificate, a PEM file, if the hub asks for one");
  arguments.option("--client-key", "PATH", clientKey, "for a hub: the private key of --client-cert, a PEM file");
  arguments.flag("--no-tls", noTls, "for a hub: connect without TLS, to a hub on this machine");
  arguments.flag("--allow-plaintext", allowPlaintext, "for a hub: let --no-tls connect to any machine");
  arguments.names("--exclude", excluded, "for a hub: neither send nor receive these fields");
  arguments.names("--teams", teams,
                  "for a hub: sync only the records of these teams (ids, as blazedb team list prints them)");
  arguments.flag("--remove-out-of-scope", removeOutOfScope,
                 "for a hub: remove from A what an earlier sync brought and --collections or --exclude now leave out");
  arguments.choice(
      "--encryption", {"e2eOnly", "smartProxy"}, encryption,
      "for a hub: smartProxy, the hub can read what it stores; e2eOnly, it cannot, which this version does not "
      "support yet (default: e2eOnly)");
}

std::string RemoteSync::givenOption() const {
  if (!tokenFile.empty()) return "--token-file";
  if (!pins.empty()) return "--pin";
  if (!caFile.empty()) return "--ca";
  if (!clientCertificate.empty()) return "--client-cert";
  if (!clientKey.empty()) return "--client-key";
  if (noTls) return "--no-tls";
  if (allowPlaintext) return "--allow-plaintext";
  if (!excluded.empty()) return "--exclude";
  if (!teams.empty()) return "--teams";
  if (removeOutOfScope) return "--remove-out-of-scope";
  return encryption.empty() ? "" : "--encryption";
}

void RemoteSync::refuseContradictions() const {
  if (clientCertificate.empty() != clientKey.empty()) throw UsageError("--client-cert and --client-key go together");
  if (allowPlaintext && !noTls) throw UsageError("--allow-plaintext is for --no-tls");
  if (noTls && (!pins.empty() || !caFile.empty() || !clientCertificate.empty()))
    throw UsageError("--pin, --ca and --client-cert are for TLS, which --no-tls turns off");
}

RemoteNode RemoteSync::node(const RemoteAddress& address) const {
  RemoteNode node;
  node.host = address.host;
  node.port = address.port;
  node.database = address.database;
  node.useTLS = !noTls;
  node.allowPlaintext = allowPlaintext;
  if (!pins.empty()) node.pinning = CertificatePinningConfig::fromSpki(pins);
  node.caFile = caFile;
  node.clientCertificateFile = clientCertificate;
  node.clientKeyFile = clientKey;
  Password token = readPassword({.file = tokenFile,
                                 .variable = "BLAZEDB_TOKEN",
                                 .prompt = "Token for " + address.database + " at " + address.host,
                                 .fileOption = "--token-file",
                                 .noun = "token"});
  node.authToken = trimmed(token.text());  // a token has no blanks, but an editor or a mail may add some
  return node;
}

SyncPolicy RemoteSync::policy() const {
  SyncPolicy policy;
  policy.excludeFields = excluded;
  for (const std::string& each : teams) {
    std::optional<UUID> team = UUID::parse(each);
    if (!team) throw UsageError("'" + each + "' is not the id of a team; blazedb team list, at the hub, shows the ids");
    if (!policy.teams) policy.teams.emplace();
    policy.teams->push_back(*team);
  }
  policy.removeOutOfScope = removeOutOfScope;
  policy.encryptionMode = encryption == "smartProxy" ? EncryptionMode::smartProxy : EncryptionMode::e2eOnly;
  return policy;
}

std::string adviceAboutHub(ErrorCode code) {
  switch (code) {
    case ErrorCode::UntrustedCertificate:
      return " (pass --pin with the pin that the hub printed, or --ca; if the hub asks for a certificate, pass "
             "--client-cert and --client-key)";
    case ErrorCode::WrongPin:
      return " (if the hub shows this pin, pass it with --pin)";
    case ErrorCode::WrongHostName:
      return " (use the host name that is in the certificate)";
    case ErrorCode::WrongToken:
    case ErrorCode::ExpiredToken:
      return " (blazedb token create, at the hub, makes a token, or the hub's issuer signs one; pass it with "
             "--token-file)";
    case ErrorCode::NotAllowed:
      return " (blazedb token list, at the hub, shows what the token grants)";
    case ErrorCode::UnknownDatabase:
      return " (the name of the database is the part after the /)";
    case ErrorCode::PlaintextForbidden:
      return " (--allow-plaintext allows it)";
    case ErrorCode::ProtocolError:
      return " (a hub that listens without TLS needs --no-tls; any other hub must be reached without it)";
    case ErrorCode::Offline:
    case ErrorCode::HubStopping:
      return " (what has arrived is kept, and the next sync continues from there; --watch tries again by itself)";
    default:
      return "";
  }
}

}  // namespace blazedb::cli
