// Any bytes as an answer of STS, of a container endpoint or of instance metadata.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/credentials_json.h"
#include "aws/sts.h"
#include "aws/xml_text.h"
#include "base/time_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto credentials = sluice::aws::credentials_of_answer(text, 0);
  if (credentials && credentials->access_key_id.empty()) __builtin_trap();
  const auto error = sluice::aws::error_of_answer(400, text);
  if (error.message.empty()) __builtin_trap();
  const auto from_json = sluice::aws::credentials_of_json(text, "fuzz", 0);
  if (from_json && from_json->secret_access_key.empty()) __builtin_trap();
  sluice::parse_iso_time_ms(text);
  sluice::parse_http_date_ms(text);
  const auto code = sluice::aws::xml_text(text, "Code");
  if (code && code->size() > text.size() * 2) __builtin_trap();
  return 0;
}
