// One SDK payload as an HTTP request, built once and patched in place for each sending: numbers, times, contexts and
// the payload id change, nothing is formatted anew. With gzip the body is compressed each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/sdk_events.h"

namespace loadgen {

struct PayloadShape {
  std::string host = "127.0.0.1:8030";
  std::string path = "/bulk";
  std::string authorization;
  // With more than one, payloads go in turn to the keys that differ from `authorization` in their last 12 characters:
  // 000000000000, 000000000001, …
  unsigned keys = 1;
  std::uint32_t run = 0;  // first 8 digits of every loadgenId
  unsigned events = 100;
  unsigned event_bytes = 600;  // about
  unsigned contexts = 10'000;
  unsigned flags = 20;
  bool gzip = false;
  // Events as server-side SDKs send them, drawn from `seed`, in place of evaluations that are padded; event_bytes and
  // flags then do not matter.
  bool as_sdks_send = false;
  std::uint64_t seed = 1;
};

// The id that event `number` of a run carries in its field `loadgenId`: 24 hex digits, the last 16 the number.
std::string event_id(std::uint32_t run, std::uint64_t number);

class Payload {
 public:
  explicit Payload(const PayloadShape& shape);
  // The request of the events from `first_number` on. `payload_id` tells sendings of the same payload. Valid until the
  // next call.
  std::string_view request(std::uint64_t first_number, std::uint64_t payload_id, std::int64_t now_ms);
  std::size_t body_size() const { return body_size_; }

 private:
  void add_padded(std::string& body, unsigned number);
  void add_drawn(std::string& body, SdkEvents& drawn);
  void compress();

  struct Places {
    std::size_t number, context, date;
  };
  PayloadShape shape_;
  std::string text_;  // header and plain body
  std::vector<Places> events_;
  std::size_t payload_id_at_ = 0, key_number_at_ = 0;
  std::size_t header_size_ = 0;
  std::size_t body_size_ = 0;
  std::string compressed_;  // header and compressed body
};

}  // namespace loadgen
