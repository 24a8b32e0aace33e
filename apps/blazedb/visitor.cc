#include "visitor.h"

#include <filesystem>

namespace blazedb::cli {
namespace {

constexpr std::size_t kPartBytes = 64u << 10;

thread_local Visitor* current = nullptr;

}  // namespace

Visitor::Visitor(const Database& database, std::string folder, server::ControlCaller& caller)
    : database_(database), folder_(std::move(folder)), caller_(caller) {
  current = this;
}

Visitor::~Visitor() { current = nullptr; }

bool Visitor::print(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPartBytes))) {
    unsent_ += text.substr(0, kPartBytes);
    if (unsent_.size() >= kPartBytes && !flush()) return false;
  }
  return true;
}

bool Visitor::flush() {
  bool fine = unsent_.empty() || caller_.out(unsent_);
  unsent_.clear();
  return fine;
}

bool Visitor::complain(std::string_view text) { return flush() && caller_.error(text); }

std::string Visitor::pathFrom(const std::string& given) const {
  return (std::filesystem::path(folder_) / given).string();
}

Visitor* visitor() { return current; }

std::string pathFrom(const std::string& given) { return visitor() ? visitor()->pathFrom(given) : given; }

}  // namespace blazedb::cli
