// A client for unit tests: makes signed requests by hand and gives them to a Worker, without sockets.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text.h"
#include "kinesim/options.h"
#include "kinesim/worker.h"

namespace kinesim {

class MapHeaders final : public Headers {
 public:
  std::optional<std::string_view> find(std::string_view name) const override {
    const auto found = values.find(sluice::lower(name));
    return found == values.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  void set(std::string_view name, std::string value) { values[sluice::lower(name)] = std::move(value); }
  std::map<std::string, std::string> values;
};

// A simulator with one stream, one role and a clock that stands still.
struct World {
  static constexpr const char* kRole = "arn:aws:iam::123456789012:role/writer";
  static constexpr const char* kExternalId = "an-external-id";

  explicit World(SimulatorSettings settings = {}, std::uint32_t shards = 2);

  struct Keys {
    std::string access = kDemoAccessKey, secret = kDemoSecretKey, token = {};
  };

  // Signed with `keys` at the simulator's time moved by `skew_ms`.
  Answer kinesis(const std::string& operation, const std::string& body, const Keys& keys, std::int64_t skew_ms = 0,
                 std::string_view content_type = "application/x-amz-json-1.1");
  Answer kinesis(const std::string& operation, const std::string& body) { return kinesis(operation, body, Keys{}); }
  Answer sts(const std::string& form, const Keys& keys);
  Answer sts(const std::string& form) { return sts(form, Keys{}); }
  Answer plain(std::string_view method, std::string_view path, const MapHeaders& headers = {},
               std::string_view body = {}, std::string_view query = {});
  Keys assume(const std::string& more = "");
  struct S3Call {
    std::string method = "PUT", path = "/events/a", query = {}, body = {};
    std::map<std::string, std::string> headers = {};
    std::string region = "us-east-1", host = "localhost:4567";
    Keys keys = {};
    std::string content_sha256 = {};  // empty: the body's; "none": no such header
  };
  Answer s3(const S3Call& call);
  // Adds to the configuration; the text is JSON.
  void configure(std::string_view json);

  sluice::ManualClock clock;
  Shared shared;
  Worker worker;

 private:
  Answer signed_request(std::string_view service, const std::string& body, const Keys& keys, MapHeaders headers,
                        std::int64_t skew_ms);
};

// The value of an answer's header; empty: it has none.
std::string header_of(const Answer& answer, std::string_view name);
// What stands between <name> and </name>.
std::string between(const std::string& xml, const std::string& name);
// {"StreamName":"events","Records":[…]} of so many records.
std::string put_records_body(std::size_t records, std::string_view data_base64 = "aGVsbG8=");
std::size_t occurrences(std::string_view text, std::string_view what);

}  // namespace kinesim
