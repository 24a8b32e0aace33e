#include "link/host_name.h"

#include <algorithm>
#include <asio/ip/address.hpp>

namespace blazedb::link {
namespace {

std::string lowered(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

}  // namespace

HostName::HostName(const std::string& written) {
  asio::error_code isName;
  asio::ip::address address = asio::ip::make_address(written, isName);
  if (isName) {
    dialled = shown = lowered(written);
    if (shown.ends_with('.')) shown.pop_back();
    verified = shown;
    return;
  }
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  dialled = shown = verified = address.to_string();
  if (address.is_v6())
    verified = asio::ip::address_v6(address.to_v6().to_bytes()).to_string();  // without the interface
}

}  // namespace blazedb::link
