// blazedb serve: keeps databases open as a hub until a signal or blazedb stop ends it.
//
// server::Hub does the work. This file adds the signals, the health page, and what is printed at the start. serve()
// blocks the signals before any thread starts, and announces the opening and closing of the files (Transition).
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "blazedb/cross_app.h"
#include "blazedb/remote.h"
#include "command.h"
#include "forward.h"
#include "group.h"
#include "health_page.h"
#include "open.h"
#include "output.h"
#include "server/hub.h"
#include "server/transition.h"
#include "sharing.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::uint64_t kPortMax = 65535;

struct Serve {
  std::vector<std::string> files;
  std::string passwordFile;
  ListenOptions listen;
  IssuerOptions issuer;  // of listen, if its keys have a file
  Sharing sharing;       // with apps of this machine, if its group has a name
  std::uint64_t port = 8080;
  std::optional<std::uint64_t> healthzPort;
  bool json = false;
};

// SIGTERM and SIGINT end the hub; on SIGHUP it reads its certificate, and the keys of an issuer, again. Make this
// object before anything starts a thread: every thread then inherits the blocked signals and leaves them to this one.
class ServiceSignals {
 public:
  ServiceSignals() {
    sigemptyset(&signals_);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~ServiceSignals() {
    timespec none{};
    while (sigtimedwait(&signals_, nullptr, &none) > 0) {
      // A signal that came while the hub was ending: it has ended already.
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  ServiceSignals(const ServiceSignals&) = delete;
  ServiceSignals& operator=(const ServiceSignals&) = delete;

  int wait() {
    int signal = -1;
    while (signal < 0) signal = sigwaitinfo(&signals_, nullptr);
    return signal;
  }

 private:
  sigset_t signals_;
  sigset_t before_;
};

// Each client takes a file descriptor. A shell allows a thousand, and lets a process raise that.
void allowManyFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

std::uint16_t portOf(std::uint64_t number) {
  if (number > kPortMax) throw UsageError(std::to_string(number) + " is not a port; ports go up to 65535");
  return static_cast<std::uint16_t>(number);
}

// The host that clients on other machines connect to: this machine's name, unless the hub listens on one address.
std::string hostForClients(const std::string& host) {
  char name[256] = {};
  if (host != "0.0.0.0" && host != "::") return host;
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::string clientCommand(const ListenerInfo& listener, const Database& database) {
  std::string host = hostForClients(listener.host);
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "blazedb sync FILE " + host + ":" + std::to_string(listener.port) + "/" + database.name() +
         " --token-file TOKEN" + (listener.pin.empty() ? "" : " --pin " + listener.pin) + " --encryption smartProxy";
}

// Shares all databases of the hub with the apps of the group, until the coordinators end.
std::vector<CrossAppSyncCoordinator> share(const server::Hub& hub, const Sharing& sharing, server::Log& log) {
  std::vector<CrossAppSyncCoordinator> coordinators;
  if (sharing.group.name.empty()) return coordinators;
  for (const Database& database : hub.databases()) {
    coordinators.emplace_back(database, sharing.group, sharing.policy()).enable();
    log.say(server::Level::info, "a database is shared with apps",
            {{"database", database.name()}, {"group", sharing.group.name}, {"readOnly", !sharing.readWrite}});
  }
  return coordinators;
}

void printAsJson(const server::Hub& hub, const std::optional<HealthPage>& health, const Sharing& sharing) {
  Array databases;
  for (const Database& database : hub.databases()) {
    Object object{{"name", database.name()},
                  {"path", database.path()},
                  {"clientCommand", clientCommand(hub.listener(), database)}};
    if (!sharing.group.name.empty()) object.set("attachCommand", sharing.attachCommand(database));
    databases.push_back(object);
  }
  printJson({{"host", hub.listener().host},
             {"port", hub.listener().port},
             {"pin", hub.listener().pin},
             {"healthzPort", health ? Value(health->port()) : Value()},
             {"databases", databases}});
}

void printForPeople(const server::Hub& hub, const std::optional<HealthPage>& health, const Sharing& sharing,
                    const std::string& passwordFile) {
  const ListenerInfo& listener = hub.listener();
  printLine("listening on " + listener.host + ":" + std::to_string(listener.port));
  printLine("pin  " + listener.pin);
  if (health) printLine("health  http://127.0.0.1:" + std::to_string(health->port()) + "/healthz");
  for (const Database& database : hub.databases()) {
    printLine("");
    printLine(database.name() + ": make a token, and give it to a client, which syncs with it:");
    printLine("  blazedb token create " + quoted(database.path()) + " --name WHO -o TOKEN");
    printLine("  " + clientCommand(listener, database));
    if (sharing.group.name.empty()) continue;
    printLine(database.name() + " is shared in " + sharing.group.name + "; for another app of this machine:");
    printLine("  " + sharing.attachCommand(database));
  }
  printLine("");
  printLine("^C ends the hub, and so does: blazedb stop " + quoted(hub.databases().front().path()) +
            (passwordFile.empty() ? "" : " --password-file " + quoted(passwordFile)));
}

std::string whenStopped(const std::string& command, const Database& database, const std::string& options = "") {
  std::string file = quoted(database.path());
  return "blazedb stop " + file + " && blazedb " + command + " " + file + options;
}

// Nothing is wrong with such a hub, but it is rarely meant.
void sayWhatFollows(const Database& database, server::Log& log) {
  if (database.info().readOnlySource)
    log.say(server::Level::warning,
            "a database is a read-only replica: its clients only receive, whatever their tokens grant",
            {{"database", database.name()}, {"change", whenStopped("release", database)}});
  else if (database.role() == SyncRole::client)
    log.say(server::Level::warning,
            "a database has the role client: writes made at this hub do not win over those of clients, the later one "
            "wins",
            {{"database", database.name()}, {"change", whenStopped("set", database, " --role server")}});
}

int serve(Serve options) {
  options.listen.port = portOf(options.port);
  if (options.healthzPort) portOf(*options.healthzPort);
  if (options.listen.certificateFile.empty() != options.listen.keyFile.empty())
    throw UsageError("--cert and --key go together");
  bool hasIssuer = !options.issuer.keysFile.empty();
  if (hasIssuer == options.issuer.issuer.empty() || hasIssuer == options.issuer.audience.empty())
    throw UsageError("--issuer-keys, --issuer and --audience go together");
  if (hasIssuer) options.listen.issuer = options.issuer;
  if (std::string given = options.sharing.givenOption(); options.sharing.group.name.empty() && !given.empty())
    throw UsageError(given + " is for --share");
  options.sharing.refuseContradictions();
  if (!options.sharing.group.name.empty()) checkGroup(options.sharing.group);
  ServiceSignals signals;
  allowManyFiles();
  server::Log log(options.json ? server::Log::Format::json : server::Log::Format::text,
                  [](std::string_view line) { std::fputs((std::string(line) + "\n").c_str(), stderr); });
  server::Transition transition(options.files);
  server::Hub hub(openDatabases(options.files, options.passwordFile), options.listen, log, runForVisitor);
  transition.end();
  for (const Database& database : hub.databases()) sayWhatFollows(database, log);
  std::optional<HealthPage> health;
  if (options.healthzPort) health.emplace(hub, portOf(*options.healthzPort));
  std::vector<CrossAppSyncCoordinator> shared = share(hub, options.sharing, log);
  options.json ? printAsJson(hub, health, options.sharing)
               : printForPeople(hub, health, options.sharing, options.passwordFile);
  flushOutput();
  while (signals.wait() == SIGHUP) hub.reload();
  transition.begin();
  return kFine;
}

}  // namespace

Run declareServe(Arguments& arguments) {
  auto options = std::make_shared<Serve>();  // shared with the parser, which fills it in
  arguments.requiredMany("FILE", options->files, "the databases to serve, each under its own name");
  arguments.option("--password-file", "PATH", options->passwordFile,
                   "the password of all databases is the first line of this file; - is standard input (default: the "
                   "variable BLAZEDB_PASSWORD, else the terminal asks for each password)");
  arguments.option("--host", "ADDRESS", options->listen.host,
                   "the address to listen on (default: 0.0.0.0, all addresses)");
  arguments.number("--port", "N", options->port, "the port to listen on; 0: any free port (default: 8080)");
  arguments.option(
      "--cert", "PEM", options->listen.certificateFile,
      "the certificate with its chain (default: the hub makes one and keeps it beside the first database)");
  arguments.option("--key", "PEM", options->listen.keyFile, "the private key of --cert");
  arguments.option("--client-ca", "PEM", options->listen.clientCaFile,
                   "accept only clients that have a certificate of this authority, besides their token");
  arguments.option(
      "--issuer-keys", "FILE", options->issuer.keysFile,
      "let in users with a token that one of these keys has signed (JWT), too: the issuer's public keys, as "
      "a JSON Web Key Set; --issuer and --audience go with it");
  arguments.option("--issuer", "NAME", options->issuer.issuer,
                   "for --issuer-keys: who has to have signed the token (its iss)");
  arguments.option("--audience", "NAME", options->issuer.audience,
                   "for --issuer-keys: whom the token has to be for (its aud): the name of this hub at the issuer");
  arguments.flag("--accept-removals", options->listen.acceptRemovals,
                 "remove the records that a connecting server no longer holds, however many they are, if this hub was "
                 "away for longer than deletes are remembered; blazedb removed lists them for 30 days");
  arguments.number("--healthz-port", "N", options->healthzPort,
                   "answer http://127.0.0.1:N/healthz with 200 while the hub is healthy, 503 otherwise; 0: any free "
                   "port");
  addGroup(arguments, options->sharing.group, "--share",
           "share the databases with the apps of this machine too, in this app group; --root and the options below are "
           "for that, as in blazedb share");
  options->sharing.declare(arguments);
  addJson(arguments, options->json, "print the address, the pin, the databases and the log as JSON");
  arguments.note(
      "Serves until SIGTERM, ^C or blazedb stop. On SIGHUP it reads the certificate and the issuer's keys again. The "
      "log "
      "goes to standard error. A client needs a token (blazedb token create, also while serve runs). If no certificate "
      "authority signed "
      "the hub's certificate, the client also needs the hub's pin. serve prints the commands for both.");
  arguments.note(
      "While serve runs, it also runs these commands for its files: insert, get, update, delete, count, import, "
      "export, info, verify, conflicts, removed, rejected, backup, token, user, team, rls and stop.");
  arguments.example("blazedb serve hub.blazedb");
  arguments.example("blazedb serve hub.blazedb --share group.com.yourapp.blazedb --collections notes");
  arguments.example(
      "blazedb serve hub.blazedb --issuer-keys keys.json --issuer https://login.example.com --audience notes");
  arguments.example("blazedb serve a.blazedb b.blazedb --port 443 --cert fullchain.pem --key privkey.pem");
  return [options] { return serve(*options); };
}

}  // namespace blazedb::cli
