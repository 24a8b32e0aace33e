#include "shell.h"

#include <editline/readline.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <set>

#include "command.h"
#include "open.h"
#include "output.h"
#include "terminal.h"
#include "text.h"

namespace blazedb::cli {
namespace {

constexpr std::size_t kSampled = 200;  // records that are looked at for the names of their fields

ShellDatabase* current = nullptr;

// Splits a line into words as a POSIX shell does: '...' as it is, "..." with \" and \\, and \ before any character.
// Throws UsageError if a quote is not closed.
std::vector<std::string> splitIntoWords(const std::string& line) {
  std::vector<std::string> words;
  bool inWord = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); i++) {
    char c = line[i];
    bool escapes =
        c == '\\' && quote != '\'' && i + 1 < line.size() && (quote == 0 || line[i + 1] == '"' || line[i + 1] == '\\');
    if (quote == 0 && !escapes && (c == ' ' || c == '\t')) {
      inWord = false;
      continue;
    }
    if (!inWord) words.emplace_back();
    inWord = true;
    if (escapes)
      words.back() += line[++i];
    else if (c == quote)
      quote = 0;
    else if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else
      words.back() += c;
  }
  if (quote != 0) throw UsageError(std::string("a ") + quote + " is not closed");
  return words;
}

// --- completion, which libedit asks for with C functions

std::vector<std::string> candidates;

// Collections behind -c; commands at the beginning; fields everywhere else.
std::vector<std::string> candidatesFor(const std::string& before) {
  std::vector<std::string> words;
  try {
    words = splitIntoWords(before);
  } catch (const UsageError&) {
    words = splitIntoWords(before + (std::count(before.begin(), before.end(), '\'') % 2 == 1 ? "'" : "\""));
  }
  if (words.empty()) return shellCommands();
  std::vector<std::string> names;
  std::string collection = "default";
  for (std::size_t i = 0; i + 1 < words.size(); i++)
    if (words[i] == "-c" || words[i] == "--collection") collection = words[i + 1];
  const Database& database = current->database();
  if (words.back() == "-c" || words.back() == "--collection") {
    for (const CollectionInfo& info : database.collections()) names.push_back(info.name);
    return names;
  }
  std::set<std::string> fields;
  for (const Record& record : database.collection(collection).query().limit(kSampled).all())
    for (const Field& field : record) fields.insert(field.name);
  return {fields.begin(), fields.end()};
}

// Called with 0 for the first match of `text`, then with other numbers for the next ones.
char* nextMatch(const char* text, int again) {
  static std::size_t at = 0;
  if (again == 0) at = 0;
  while (at < candidates.size()) {
    const std::string& name = candidates[at++];
    if (name.starts_with(text)) return strdup(name.c_str());
  }
  return nullptr;
}

char** complete(const char* text, int start, int) {
  rl_attempted_completion_over = 1;  // no names of files
  try {
    candidates = candidatesFor(std::string(rl_line_buffer, static_cast<std::size_t>(start)));
  } catch (const std::exception&) {
    return nullptr;  // a database that cannot be read says so when a command reads it
  }
  return rl_completion_matches(text, nextMatch);
}

// --- lines

// The next line; std::nullopt at the end of the input.
std::optional<std::string> readLine(bool isInteractive) {
  if (!isInteractive) {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }
  std::string prompt = current->database().name() + "> ";
  std::unique_ptr<char, decltype(&std::free)> line(readline(prompt.c_str()), std::free);
  if (!line) return std::nullopt;
  if (*line != '\0') add_history(line.get());
  return std::string(line.get());
}

// ^C ends a command that works, and not the shell. Blocked before threads start, so that no other thread takes it.
class NoInterrupt {
 public:
  NoInterrupt() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~NoInterrupt() {
    forget();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoInterrupt(const NoInterrupt&) = delete;

  // One that came while no command worked.
  void forget() {
    timespec none{};
    while (sigtimedwait(&signals_, nullptr, &none) > 0) continue;
  }

 private:
  sigset_t signals_, before_;
};

int shell(const DatabaseArgument& argument) {
  NoInterrupt noInterrupt;
  ShellDatabase database(openDatabase(argument), argument.file);
  bool isInteractive = isTerminal(STDIN_FILENO) && isTerminal(STDOUT_FILENO);
  if (isInteractive) {
    rl_initialize();
    rl_attempted_completion_function = complete;
    printLine("help lists the commands, ^D ends. Lines are remembered until then, and stored nowhere.");
  }
  int status = kFine;
  for (std::optional<std::string> line; (line = readLine(isInteractive));) {
    std::vector<std::string> words;
    try {
      words = splitIntoWords(*line);
    } catch (const UsageError& error) {
      complain(error.what());
      status = kWrongUsage;
      continue;
    }
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words[0] == "exit" || words[0] == "quit") break;
    noInterrupt.forget();
    auto start = std::chrono::steady_clock::now();
    if (int ended = runInShell(words); ended != kFine) status = ended;
    if (!isInteractive) continue;
    print(Colours().dim(durationText(std::chrono::steady_clock::now() - start)) + "\n");
    flushOutput();
  }
  if (isInteractive) print("\n");
  return isInteractive ? kFine : status;
}

}  // namespace

ShellDatabase::ShellDatabase(Database database, std::string file)
    : database_(std::move(database)), file_(std::move(file)) {
  current = this;
}

ShellDatabase::~ShellDatabase() { current = nullptr; }

ShellDatabase* shellDatabase() { return current; }

Run declareShell(Arguments& arguments) {
  auto database = std::make_shared<DatabaseArgument>();  // shared with the parser, which fills it in
  addDatabase(arguments, *database);
  arguments.note(
      "Reads a command from each line, as blazedb takes them but without FILE: query 'age > 30' -c people. The "
      "database "
      "stays open, so that a command takes no time to open it. On a terminal, lines can be edited and called back, the "
      "tabulator completes commands, collections and fields, and the time that each command took is shown. From a file "
      "or a pipe, the exit status is that of the last command that failed.");
  arguments.example("blazedb shell notes.blazedb");
  arguments.example("echo \"query 'stars >= 4' --count\" | blazedb shell notes.blazedb");
  return [database] { return shell(*database); };
}

}  // namespace blazedb::cli
