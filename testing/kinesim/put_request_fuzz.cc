// Whatever the body, both parsers end, stay inside it, and keep views that can be read.
#include <cstddef>
#include <cstdint>

#include "kinesim/event_ids.h"
#include "kinesim/put_request.h"
#include "kinesim/sigv4_verifier.h"

namespace {

std::size_t touched = 0;

void touch(const std::optional<std::string_view>& text) {
  if (!text) return;
  for (const char c : *text) touched += static_cast<unsigned char>(c);
}

void touch_all(const kinesim::PutRequest& request) {
  touch(request.stream_name);
  touch(request.stream_arn);
  touch(request.single.data);
  for (const auto& entry : request.entries) {
    touch(entry.data);
    touch(entry.partition_key);
    touch(entry.explicit_hash_key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  kinesim::PutRequest request;
  if (request.parse_json(body)) touch_all(request);
  if (request.parse_cbor(body)) touch_all(request);
  std::vector<sluice::ObjectId> ids;
  kinesim::for_each_user_record(body,
                                [&](std::string_view record) { kinesim::find_event_ids(record, "\"id\":\"", ids); });
  if (const auto authorization = kinesim::parse_authorization(body)) touch(authorization->signature);
  return 0;
}
