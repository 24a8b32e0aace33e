// Where a password, or another secret, comes from: a file, an environment variable, or a person at the terminal. Never
// from an argument, which every user of the machine can read in the list of processes.
#pragma once

#include <string>

namespace blazedb::cli {

// Keeps a password until it has been used, then overwrites it. It moves, and is not copied.
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

// Looked at in this order; what is empty is passed over. Last of all the terminal is asked.
struct PasswordSource {
  std::string file;                // its first line is the password; see text_input.h
  const char* variable;            // an environment variable
  std::string prompt;              // "Password for notes.blazedb"
  std::string fileOption;          // for messages: "--password-file"
  bool isNew = false;              // a new password: not empty, and asked for twice at the terminal
  const Password* same = nullptr;  // what an empty answer at the terminal means
  std::string noun = "password";   // what it is, in messages
};

// Throws blazedb::Error: NotFound (the file; no password and no terminal), IoError, InvalidArgument (a file without a
// line, an empty new password, two answers that differ), TooLarge, Cancelled (a signal, or the end of input).
Password readPassword(const PasswordSource& source);

}  // namespace blazedb::cli
