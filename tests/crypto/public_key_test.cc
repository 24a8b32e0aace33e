// Signatures of others: the examples of the RFCs verify, and nothing else does.
#include "crypto/public_key.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "codec/base64.h"

namespace blazedb::crypto {
namespace {

base::Bytes decoded(const char* text) { return codec::fromBase64Url(text).value(); }

struct Example {
  const char* algorithm;
  std::optional<PublicKey> key;
  std::string text;
  base::Bytes signature;
};

constexpr char kModulus[] =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Ca"
    "pHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5"
    "4h4FRWyuXpoQ";
constexpr char kX[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr char kY[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr char kPayload[] =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

// RFC 7515, A.2 and A.3; RFC 8037, A.4.
std::vector<Example> examples() {
  std::vector<Example> all;
  all.push_back({"RS256", PublicKey::rs256(decoded(kModulus), decoded("AQAB")),
                 std::string("eyJhbGciOiJSUzI1NiJ9") + kPayload,
                 decoded("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5j"
                         "ujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
                         "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEU"
                         "ipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")});
  all.push_back({"ES256", PublicKey::es256(decoded(kX), decoded(kY)), std::string("eyJhbGciOiJFUzI1NiJ9") + kPayload,
                 decoded("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")});
  all.push_back({"EdDSA", PublicKey::edDsa(decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
                 "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
                 decoded("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")});
  return all;
}

TEST(PublicKey, VerifiesTheExamplesOfTheRfcs) {
  for (const Example& each : examples()) {
    ASSERT_TRUE(each.key) << each.algorithm;
    EXPECT_EQ(each.key->algorithm(), each.algorithm);
    EXPECT_TRUE(each.key->verifies(base::viewOf(each.text), each.signature)) << each.algorithm;
    EXPECT_FALSE(each.key->verifies(base::viewOf(each.text + "x"), each.signature)) << each.algorithm;
    for (std::size_t i = 0; i < each.signature.size(); i++) {
      base::Bytes wrong = each.signature;
      wrong[i] ^= 1;
      EXPECT_FALSE(each.key->verifies(base::viewOf(each.text), wrong)) << each.algorithm << " " << i;
    }
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, each.signature.size() - 1, each.signature.size() + 1}) {
      base::Bytes wrong = each.signature;
      wrong.resize(size);
      EXPECT_FALSE(each.key->verifies(base::viewOf(each.text), wrong)) << each.algorithm << " " << size;
    }
  }
}

TEST(PublicKey, IsNoneIfItIsNotSound) {
  base::Bytes modulus = decoded(kModulus), x = decoded(kX), y = decoded(kY), zeros(32);
  for (const char* exponent : {"", "AA", "AQ", "BA"}) EXPECT_FALSE(PublicKey::rs256(modulus, decoded(exponent)));
  base::Bytes even = modulus, shorter(modulus.begin() + 1, modulus.end());
  even.back() &= 0xFE;
  EXPECT_FALSE(PublicKey::rs256(even, decoded("AQAB")));
  EXPECT_FALSE(PublicKey::rs256(shorter, decoded("AQAB"))) << "2,040 bits";
  EXPECT_FALSE(PublicKey::rs256(base::Bytes(1025, 0xFF), decoded("AQAB"))) << "8,200 bits";
  EXPECT_FALSE(PublicKey::rs256({}, {}));
  EXPECT_FALSE(PublicKey::es256(y, x)) << "not on the curve";
  EXPECT_FALSE(PublicKey::es256(zeros, zeros));
  EXPECT_FALSE(PublicKey::es256({}, {}));
  for (std::size_t size : {0, 31, 33}) EXPECT_FALSE(PublicKey::edDsa(base::Bytes(size, 1)));
}

}  // namespace
}  // namespace blazedb::crypto
