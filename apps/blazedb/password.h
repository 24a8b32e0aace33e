// Reads a password or another secret from a file, an environment variable, or the terminal. Never from an argument:
// every user of the machine can read arguments in the list of processes.
#pragma once

#include <string>

namespace blazedb::cli {

// Holds a password and overwrites it at the end. Movable, not copyable.
class Password {
 public:
  explicit Password(std::string text) : text_(std::move(text)) {}
  Password(Password&& other) noexcept;
  Password& operator=(Password&&) = delete;
  ~Password() { wipe(); }

  const std::string& text() const { return text_; }

 private:
  void wipe();
  std::string text_;
};

// The sources, in this order; an empty one is skipped. The terminal is the last.
struct PasswordSource {
  std::string file;                // the first line of this file is the password; see text_input.h
  const char* variable;            // an environment variable
  std::string prompt;              // "Password for notes.blazedb"
  std::string fileOption;          // for messages: "--password-file"
  bool isNew = false;              // a new password: it must not be empty; at the terminal the user types it twice
  const Password* same = nullptr;  // the password that an empty answer at the terminal stands for
  std::string noun = "password";   // the word for it in messages
};

// Throws blazedb::Error: NotFound (no such file; no password and no terminal), IoError, InvalidArgument (an empty file,
// an empty new password, two answers that differ), TooLarge, Cancelled (a signal, or the end of input).
Password readPassword(const PasswordSource& source);

}  // namespace blazedb::cli
