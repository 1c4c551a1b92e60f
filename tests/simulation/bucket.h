// An S3 bucket, as far as a destination sees it: PUT with and without If-None-Match, HEAD, checksums. It takes each
// object apart as an analyst would, and knows in which objects an event lies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "service.h"

namespace sluice::simulation {

class Bucket final : public Service {
 public:
  explicit Bucket(std::uint64_t seed);

  http_client::HttpResponse answer(const http_client::HttpRequest& request, Signature signature) override;
  http_client::HttpResponse wrong_answer() override { return plain_answer(502, "<html>Bad Gateway</html>"); }

  static constexpr const char* kPrefix = "p";
  // What of an object's key tells apart where the same event may lie once each: "" for what was delivered first,
  // "replay=…", "retry".
  using Space = std::string;
  // How often each event lies in a space, in objects that are there.
  const std::map<Space, std::map<std::uint64_t, std::uint32_t>>& lies() const { return lies_; }
  std::uint64_t objects() const { return objects_.size(); }
  // Puts and heads that found the object there.
  std::uint64_t found_there() const { return found_there_; }

 private:
  struct Object {
    std::string sha256_hex;
    std::uint64_t size = 0;
    std::vector<std::uint64_t> marks;
  };
  http_client::HttpResponse put(const http_client::HttpRequest& request, const std::string& key);
  http_client::HttpResponse head(const http_client::HttpRequest& request, const std::string& key);
  std::optional<http_client::HttpResponse> trouble(const http_client::HttpRequest& request, Signature signature);
  void keep(const std::string& key, const http_client::HttpRequest& request, std::string sha256_hex);
  void forget(const std::string& key);

  // What kind of store it is, drawn once.
  bool knows_if_none_match_ = true, tells_checksum_ = true, hides_checksum_ = false;
  std::map<std::string, Object> objects_;
  std::map<Space, std::map<std::uint64_t, std::uint32_t>> lies_;
  std::uint64_t found_there_ = 0;
};

}  // namespace sluice::simulation
