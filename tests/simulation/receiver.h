// A webhook's receiver: verifies the signature with code of its own, reads every format, and refuses what is too large
// for it. Whatever else a batch holds that it should not ends the run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "service.h"

namespace sluice::simulation {

class Receiver final : public Service {
 public:
  explicit Receiver(std::uint64_t seed);

  http_client::HttpResponse answer(const http_client::HttpRequest& request, Signature signature) override;
  http_client::HttpResponse wrong_answer() override { return plain_answer(504, "<html>Gateway Timeout</html>"); }

  // Shared with the destination.
  static constexpr const char* kSecret = "whsec_c2ltdWxhdGVkIHNlY3JldCBvZiAyNCBieXRlcyBhbmQgbW9yZQ==";
  std::uint64_t batches() const { return batches_; }

 private:
  void verify(const http_client::HttpRequest& request);
  std::vector<std::string> lines_of(const http_client::HttpRequest& request);

  std::size_t most_bytes_;                     // of a body, as it is sent
  std::map<std::string, std::string> bodies_;  // by webhook-id, before compression
  std::uint64_t batches_ = 0;
};

}  // namespace sluice::simulation
