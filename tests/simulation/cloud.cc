#include "cloud.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "text.h"

namespace sluice::simulation {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;
using http_client::TransportFault;

constexpr std::int64_t kBeginMs = 1'700'000'000'000;
// AWS refuses signatures more than this far off its clock.
constexpr std::int64_t kMaxSkewMs = 300'000;
constexpr std::string_view kStreamPrefix = "stream-";

HttpResponse transport_fault(TransportFault fault, std::string text) {
  HttpResponse response;
  response.fault = fault;
  response.fault_text = std::move(text);
  return response;
}

std::string_view header(const HttpRequest& request, std::string_view name) {
  for (const auto& [each, value] : request.headers)
    if (each == name) return value;
  return {};
}

// "20231114T221320Z", as requests are signed with.
std::int64_t signing_time_ms(std::string_view text) {
  std::tm parts{};
  SLUICE_CHECK(::strptime(std::string(text).c_str(), "%Y%m%dT%H%M%SZ", &parts) != nullptr, "a request tells its time");
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000;
}

HttpResponse sts_error(int status, std::string_view code) {
  HttpResponse response;
  response.status = status;
  response.body = fmt::format(
      "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>simulated</Message></Error>"
      "<RequestId>r</RequestId></ErrorResponse>",
      code);
  return response;
}

constexpr double kBurstS = 10;
// Every record fits into what an idle shard has saved up.
constexpr double kLeastBurstBytes = 512 << 10;

bool is_cbor(const HttpRequest& request) { return header(request, "content-type") == "application/x-amz-cbor-1.1"; }

HttpResponse page(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse without_cbor(CborAnswer answer) {
  switch (answer) {
    case CborAnswer::unsupported:
      return page(415, "");
    case CborAnswer::unknown:
      return page(404, "<UnknownOperationException/>\n");
    case CborAnswer::serialization:
      return kinesis::aws_error(400, "SerializationException");
    case CborAnswer::page_400:
      return page(400, "<html><h1>400 Bad Request</h1></html>");
    case CborAnswer::page_403:
      return page(403, "<html>blocked by policy</html>");
    case CborAnswer::page_406:
      return page(406, "");
    case CborAnswer::page_501:
      return page(501, "<html></html>");
    case CborAnswer::page_500:
      return page(500, "<!doctype html><title>500 Internal Server Error</title>");
    case CborAnswer::page_502:
      return page(502, "<html>Bad Gateway</html>");
    case CborAnswer::read_nothing:
      return kinesis::aws_error(400, "ValidationException", "1 validation error detected: Value null at 'records'");
    case CborAnswer::cut_off:
      break;
  }
  return page(200, "");
}

}  // namespace

Cloud::Cloud(Scheduler& scheduler, const ManualClock& clock, std::uint64_t seed, std::uint64_t flag_seed,
             std::uint64_t packing_seed)
    : scheduler_(scheduler), clock_(clock), random_(seed), flag_random_(flag_seed), packing_random_(packing_seed) {}

Stream& Cloud::stream(std::size_t number) {
  auto& stream = streams_[number];
  if (!stream) stream = std::make_unique<Stream>();
  return *stream;
}

void Cloud::expire_sessions() { sessions_.clear(); }

std::int64_t Cloud::true_ms() const { return kBeginMs + clock_.steady_us() / 1000; }

HttpResponse Cloud::dated(HttpResponse response) const {
  response.headers.emplace_back(
      "date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(true_ms() / 1000))));
  return response;
}

// Requests to others than AWS have none.
Signature Cloud::signature_of(const HttpRequest& request) const {
  const std::string_view time = header(request, "x-amz-date");
  if (time.empty()) return Signature::good;
  if (std::abs(signing_time_ms(time) - true_ms()) > kMaxSkewMs) return Signature::skewed;
  const std::string key(between(header(request, "authorization"), "Credential=", "/"));
  if (key == "AKIDOWN") return Signature::good;
  const auto session = sessions_.find(key);
  return session == sessions_.end() || session->second <= true_ms() ? Signature::expired : Signature::good;
}

std::optional<HttpResponse> Cloud::refuse(const HttpRequest& request) {
  switch (signature_of(request)) {
    case Signature::skewed:
      return kinesis::aws_error(400, "InvalidSignatureException", "Signature expired: it is not within 5 minutes");
    case Signature::expired:
      return kinesis::aws_error(400, "ExpiredTokenException", "The security token included in the request is expired");
    case Signature::good:
      break;
  }
  return std::nullopt;
}

HttpResponse Cloud::sts(const HttpRequest& request) {
  if (sts_unreachable) return transport_fault(TransportFault::connect, "simulated");
  if (sts_denies) return dated(sts_error(403, "AccessDenied"));
  if (std::abs(signing_time_ms(header(request, "x-amz-date")) - true_ms()) > kMaxSkewMs)
    return dated(sts_error(403, "RequestExpired"));
  const std::string key = fmt::format("ASIA{}", ++sessions_made_);
  const std::int64_t expires_ms = true_ms() + session_s * 1000;
  sessions_[key] = expires_ms;
  HttpResponse response;
  response.status = 200;
  response.body = fmt::format(
      "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId>"
      "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{}</Expiration>"
      "</Credentials></AssumeRoleResult></AssumeRoleResponse>",
      key, fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(expires_ms / 1000))));
  return dated(std::move(response));
}

std::optional<kinesis::ScriptedKinesis::Failure> Cloud::throttle(Stream& stream,
                                                                 const kinesis::ScriptedKinesis::Record& record) {
  const std::string& shard = stream.kinesis.shard_of(record).id;
  const auto refused = [&]() -> kinesis::ScriptedKinesis::Failure {
    ++stream.throttled;
    return {"ProvisionedThroughputExceededException", "Rate exceeded for shard " + shard + " in stream simulated."};
  };
  if (stream.faults.bytes_per_s > 0) {
    Stream::Room& room = stream.room[shard];
    const std::int64_t now_us = clock_.steady_us();
    const double most = std::max(stream.faults.bytes_per_s * kBurstS, kLeastBurstBytes);
    room.bytes =
        std::min(most, room.bytes + static_cast<double>(now_us - room.filled_us) / 1e6 * stream.faults.bytes_per_s);
    room.filled_us = now_us;
    const auto bytes = static_cast<double>(record.data.size() + record.partition_key.size());
    if (room.bytes < bytes) return refused();
    room.bytes -= bytes;
  }
  const std::int64_t second = clock_.steady_us() / 1'000'000;
  std::uint32_t& used = stream.used[second][std::hash<std::string>{}(shard) % 64];
  if (stream.faults.records_per_s > 0 && used >= stream.faults.records_per_s) return refused();
  ++used;
  return std::nullopt;
}

HttpResponse Cloud::put_as_sent(Stream& stream, const HttpRequest& request) {
  if (auto refused = refuse(request)) return *refused;
  if (stream.faults.denied) return kinesis::aws_error(400, "AccessDeniedException", "not authorized");
  if (random_.unit() < stream.faults.call_fails)
    return random_.below(2) == 0 ? kinesis::aws_error(500, "InternalFailure")
                                 : kinesis::aws_error(400, "ProvisionedThroughputExceededException");
  stream.kinesis.refuse_call = [&stream](const auto& records) -> std::optional<HttpResponse> {
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i].data.size() + records[i].partition_key.size() > stream.faults.record_bytes) {
        ++stream.refused_large;
        return kinesis::aws_error(
            400, "ValidationException",
            fmt::format("1 validation error detected: Value at 'records.{}.member.data' failed to "
                        "satisfy constraint: Member must have length less than or equal to {}",
                        i + 1, stream.faults.record_bytes));
      }
      for (const std::string& line : lines_of(records[i], stream.kinesis.shard_of(records[i])))
        if (line.find("\"poison\"") != std::string::npos)
          return kinesis::aws_error(400, "ValidationException", "1 validation error detected: simulated");
    }
    return std::nullopt;
  };
  stream.kinesis.fail_record =
      [&](const kinesis::ScriptedKinesis::Record& record) -> std::optional<kinesis::ScriptedKinesis::Failure> {
    if (random_.unit() < stream.faults.record_fails) return {{"InternalFailure", "Internal service failure."}};
    return throttle(stream, record);
  };
  const std::size_t before = stream.kinesis.stored().size();
  HttpResponse response = stream.kinesis.answer(request);
  while (stream.used.size() > 2) stream.used.erase(stream.used.begin());
  for (std::size_t i = before; i < stream.kinesis.stored().size(); ++i) {
    const kinesis::ScriptedKinesis::Record& record = stream.kinesis.stored()[i];
    const std::vector<std::string> lines = lines_of(record, stream.kinesis.shard_of(record));
    SLUICE_CHECK(!lines.empty(), "a record has an event");
    for (const std::string& line : lines) {
      const Taken taken = read_event(line);
      ++stream.ledger[taken.mark][taken.id];
      ++stream.taken;
    }
    ++stream.records;
    stream.packed += lines.size() > 1;
    stream.cbor_records += is_cbor(request);
  }
  return response;
}

// In the form in which it was asked, now and then an error in JSON.
HttpResponse Cloud::put(Stream& stream, const HttpRequest& request) {
  if (request.body.size() > stream.faults.request_bytes) {
    ++stream.refused_large;
    return page(413, "<html>Request Entity Too Large</html>");
  }
  if (!is_cbor(request)) return put_as_sent(stream, request);
  const bool understood = stream.cbor_calls++ < stream.cbor_understood;
  if (!understood && stream.cbor_answer != CborAnswer::cut_off) return without_cbor(stream.cbor_answer);
  const std::uint64_t before = stream.taken;
  HttpResponse response = put_as_sent(stream, request);
  if (response.status == 200 || packing_random_.below(5) != 0) {
    const auto cbor = nlohmann::json::to_cbor(nlohmann::json::parse(response.body));
    response.body.assign(cbor.begin(), cbor.end());
  }
  if (!understood && response.status == 200) {
    stream.lost_answer_records += stream.taken - before;
    response.body.resize(packing_random_.below(response.body.size()));
  }
  return response;
}

// Pages of three, whatever was asked for; the rate that is left in every answer, as LaunchDarkly does.
HttpResponse Cloud::flag_page(std::string_view url) {
  HttpResponse response;
  const bool limited = flag_random_.unit() < flag_faults.limited;
  const std::int64_t reset_ms = true_ms() + static_cast<std::int64_t>(flag_random_.below(5'000));
  response.headers = {{"x-ratelimit-route-remaining", limited || flag_random_.unit() < flag_faults.limited ? "0" : "4"},
                      {"x-ratelimit-reset", std::to_string(reset_ms)}};
  if (limited) {
    response.status = 429;
    if (flag_random_.below(2) == 0) response.headers.emplace_back("retry-after", "2");
    return response;
  }
  response.status = 200;
  if (flag_random_.unit() < flag_faults.fails) {
    response.status = flag_random_.below(2) == 0 ? 503 : 200;
    response.body = "<html>not what was asked for</html>";
    return response;
  }
  constexpr std::size_t kPerPage = 3;
  std::size_t at = 0;
  const std::string_view offset = between(url, "&offset=", "&");
  std::from_chars(offset.data(), offset.data() + offset.size(), at);
  ++flag_pages_;
  std::string items;
  const std::size_t end = std::min(at + kPerPage, kFlags);
  for (std::size_t i = at; i < end; ++i)
    items += fmt::format(
        R"({}{{"key":"flag-{}","name":"Named at LaunchDarkly {}","variations":[{{"value":0,"name":"zero"}},{{"value":1}}]}})",
        i == at ? "" : ",", i, i);
  const std::string next =
      end < kFlags ? fmt::format(R"(,"next":{{"href":"/api/v2/flags/simulated?summary=0&limit=100&offset={}"}})", end)
                   : "";
  response.body = fmt::format(R"({{"items":[{}],"_links":{{"self":{{}}{}}}}})", items, next);
  return response;
}

void Cloud::send_flags(const HttpRequest& request, std::function<void(HttpResponse)> done) {
  const bool lost = flag_random_.unit() < flag_faults.is_lost;
  HttpResponse response = lost ? transport_fault(TransportFault::timeout, "simulated") : flag_page(request.url);
  const std::int64_t takes_us =
      lost ? request.timeout_ms * 1000 : 20'000 + static_cast<std::int64_t>(flag_random_.below(100'000));
  scheduler_.at(clock_.steady_us() + takes_us,
                [this, generation = generation_, done = std::move(done), response = std::move(response)] {
                  if (generation == generation_) done(response);
                });
}

void Cloud::send(HttpRequest request, std::function<void(HttpResponse)> done) {
  if (Service* const to = service_at(request.url)) return carry(*to, std::move(request), std::move(done));
  if (request.url.find("/api/v2/flags/") != std::string::npos) return send_flags(request, std::move(done));
  if (request.url.find("//sts.") != std::string::npos) return done(sts(request));
  std::size_t number = 0;
  const std::string_view digits = between(request.body, kStreamPrefix, "\"");
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  Stream& to = stream(number);
  const auto half = [&] {
    return to.faults.latency_us / 2 +
           static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(to.faults.latency_spread_us) / 2 + 1));
  };
  const std::int64_t now_us = clock_.steady_us();
  const std::uint64_t generation = generation_;
  const auto answer = [this, generation, done = std::move(done)](HttpResponse response) {
    if (generation == generation_) done(std::move(response));
  };
  if (to.faults.unreachable || random_.unit() < to.faults.request_is_lost) {
    const bool at_once = random_.below(2) == 0;
    scheduler_.at(now_us + (at_once ? half() : request.timeout_ms * 1000), [answer, at_once] {
      answer(transport_fault(at_once ? TransportFault::connect : TransportFault::timeout, "simulated"));
    });
    return;
  }
  const bool lost = random_.unit() < to.faults.answer_is_lost;
  const std::int64_t arrives_us = now_us + half();
  const std::int64_t back_us = lost ? now_us + request.timeout_ms * 1000 : arrives_us + half();
  scheduler_.at(arrives_us, [this, &to, lost, back_us, answer, request = std::move(request)]() mutable {
    const std::uint64_t before = to.taken;
    HttpResponse response = dated(put(to, request));
    if (lost) {
      to.lost_answer_records += to.taken - before;
      response = transport_fault(TransportFault::timeout, "simulated");
    }
    response.request_body = std::move(request.body);
    scheduler_.at(back_us, [answer, response = std::move(response)] { answer(response); });
  });
}

}  // namespace sluice::simulation
