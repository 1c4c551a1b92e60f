#include "destinations/webhook/signature.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace sluice::webhook {
namespace {

// The vector of the specification's own libraries, in all of their languages:
// https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTime = 1614265330;
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string whsec(std::size_t bytes) {
  std::string text(kSecretPrefix);
  base64_append(text, std::string(bytes, 'k'));
  return text;
}

TEST(Signature, is_that_of_the_published_vector) {
  EXPECT_EQ(SigningSecret::parse(kSecret).value().sign(kId, kTime, kBody), kSignature);
}

TEST(Signature, changes_with_everything_that_it_covers) {
  const SigningSecret secret = *SigningSecret::parse(kSecret);
  EXPECT_NE(secret.sign("msg_other", kTime, kBody), kSignature);
  EXPECT_NE(secret.sign(kId, kTime + 1, kBody), kSignature);
  EXPECT_NE(secret.sign(kId, kTime, R"({"test": 2432232315})"), kSignature);
  EXPECT_NE(SigningSecret::parse(whsec(24))->sign(kId, kTime, kBody), kSignature);
}

TEST(Signature, has_one_of_each_secret_while_they_are_rotated) {
  using Headers = std::vector<std::pair<std::string, std::string>>;
  const std::vector<SigningSecret> secrets = {*SigningSecret::parse(kSecret), *SigningSecret::parse(whsec(64))};
  const std::string other = secrets[1].sign(kId, kTime, kBody);
  const Headers expected = {{"webhook-id", std::string(kId)},
                            {"webhook-timestamp", "1614265330"},
                            {"webhook-signature", std::string(kSignature) + " " + other}};
  EXPECT_EQ(signature_headers(secrets, kId, kTime, kBody), expected);
  EXPECT_EQ(signature_headers({}, kId, kTime, kBody), Headers(expected.begin(), expected.begin() + 2));
}

TEST(SigningSecret, is_whsec_and_the_base64_of_24_to_64_bytes_and_no_error_shows_it) {
  for (const std::size_t bytes : {24u, 32u, 64u}) EXPECT_TRUE(SigningSecret::parse(whsec(bytes))) << bytes;
  for (const std::string& bad :
       {std::string(), std::string("hunter2hunter2hunter2hunter2hunt"), whsec(23), whsec(65), whsec(32) + " ",
        std::string("whsec_hunter2***"), "WHSEC_" + whsec(32).substr(6), whsec(0)}) {
    const auto secret = SigningSecret::parse(bad);
    ASSERT_FALSE(secret) << bad;
    EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(SigningSecret, that_is_created_is_good_and_new) {
  const std::string first = SigningSecret::create(), second = SigningSecret::create();
  EXPECT_TRUE(SigningSecret::parse(first));
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace sluice::webhook
