#include "link/handshake.h"

#include "base/names.h"

namespace blazedb::link {

base::Bytes encode(const Knock& knock) {
  base::Bytes out{kKnockType};
  base::appendVarint(out, knock.version);
  base::appendSized(out, base::viewOf(knock.database));
  base::appendSized(out, knock.token);
  base::appendVarint(out, knock.capabilities);
  return out;
}

base::Bytes encode(const Admit& admit) {
  base::Bytes out{kAdmitType};
  base::appendVarint(out, admit.version);
  base::appendVarint(out, admit.capabilities);
  return out;
}

std::optional<Knock> decodeKnock(base::ByteView frame) {
  base::Reader in(frame);
  if (in.byte() != kKnockType) return std::nullopt;
  Knock knock;
  knock.version = in.varint();
  if (in.ok() && knock.version > kLinkVersion) return knock;
  knock.database = base::textOf(in.sized());
  base::ByteView token = in.sized();
  knock.token.assign(token.begin(), token.end());
  knock.capabilities = in.varint();
  if (!in.ok() || !in.atEnd() || knock.version == 0 || !base::isName(knock.database) || token.size() > kTokenBytesMax)
    return std::nullopt;
  return knock;
}

std::optional<Admit> decodeAdmit(base::ByteView frame) {
  base::Reader in(frame);
  if (in.byte() != kAdmitType) return std::nullopt;
  Admit admit;
  admit.version = in.varint();
  admit.capabilities = in.varint();
  if (!in.ok() || !in.atEnd() || admit.version == 0) return std::nullopt;
  return admit;
}

}  // namespace blazedb::link
