// Signing secrets as people paste them. What is taken signs, and its error shows nothing of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "destinations/webhook/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto secret = sluice::webhook::SigningSecret::parse(text);
  if (!secret) return 0;
  SLUICE_CHECK(text.starts_with("whsec_"), "the prefix is needed");
  const std::string signature = secret->sign("msg_1", 1, text);
  SLUICE_CHECK(signature.starts_with("v1,") && signature.size() == 47, "the base64 of 32 bytes");
  return 0;
}
