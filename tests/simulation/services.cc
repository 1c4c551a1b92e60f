// What owners do with tees, buckets and webhooks, and what happens to their far ends.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bucket.h"
#include "destinations/kinesis/settings.h"
#include "destinations/launchdarkly_events/settings.h"
#include "destinations/s3/settings.h"
#include "destinations/webhook/settings.h"
#include "receiver.h"
#include "run.h"

namespace sluice::simulation {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kCompressions = {"none", "gzip", "zstd"};

std::string_view any_compression(Random& random) { return kCompressions[random.below(kCompressions.size())]; }

// Objects of 64 to 256 KiB, batches of 1 to 100 events, 1 to 8 calls.
std::uint64_t any_size(Kind kind, Random& random) {
  switch (kind) {
    case Kind::s3:
      return 64 + random.below(192);
    case Kind::webhook:
      return random.below(4) == 0 ? 1 + random.below(3) : 1 + random.below(100);
    default:
      return 1 + random.below(8);
  }
}

const char* size_path(Kind kind) {
  switch (kind) {
    case Kind::s3:
      return "/config/rollBytes";
    case Kind::webhook:
      return "/config/maxEvents";
    default:
      return "/config/maxCallsInFlight";
  }
}

json size_value(Kind kind, std::uint64_t size) {
  return kind == Kind::s3 ? json(fmt::format("{} KiB", size)) : json(size);
}

template <typename Format>
std::string_view name_of_compression(const std::optional<Format>& format) {
  if (!format) return "none";
  return *format == Format::gzip ? "gzip" : "zstd";
}

}  // namespace

Kind Run::draw_kind() { return kinds_.size() == 1 ? kinds_.front() : kinds_[kind_random_.below(kinds_.size())]; }

bool Run::has_kind(Kind kind) const { return std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end(); }

json Run::draw_service(Tracked& made) {
  Random& random = kind_random_;
  made.size = made.largest = any_size(made.kind, random);
  made.compression = any_compression(random);
  const std::string host = made.name() + ".simulated.example";
  switch (made.kind) {
    case Kind::tee:
      made.compression.clear();
      return {{"eventsUri", "https://" + host},
              {"maxCallsInFlight", made.size},
              {"maxAge", random.below(4) == 0 ? "1 min" : "7 d"}};
    case Kind::s3:
      return {{"bucket", made.name()},
              {"region", "eu-west-1"},
              {"prefix", Bucket::kPrefix},
              {"roleArn", "arn:aws:iam::123456789012:role/export"},
              {"compression", made.compression},
              {"rollBytes", size_value(made.kind, made.size)},
              {"rollAge", fmt::format("{} s", 1 + random.below(20))},
              {"ifNoneMatch", random.below(5) == 0 ? "off" : "auto"}};
    default:
      return {{"url", "https://" + host + "/in"},
              {"auth", "signature"},
              {"signingSecrets", {Receiver::kSecret}},
              {"format", random.below(3) == 0 ? "json" : "ndjson"},
              {"compression", made.compression},
              {"maxEvents", made.size},
              {"linger", fmt::format("{} ms", random.below(2'000))},
              {"timeout", fmt::format("{} s", 1 + random.below(30))}};
  }
}

void Run::change_service(Tracked& destination) {
  Random& random = kind_random_;
  const bool compression = destination.kind != Kind::tee && random.below(2) == 0;
  const std::string name(any_compression(random));
  const std::uint64_t size = any_size(destination.kind, random);
  const char* const path = compression ? "/config/compression" : size_path(destination.kind);
  const json value = compression ? json(name) : size_value(destination.kind, size);
  const json change = json::array({{{"op", "replace"}, {"path", path}, {"value", value}}});
  ask_for("PATCH", path_of(destination), change.dump(), [&] {
    if (compression)
      destination.compression = name;
    else
      destination.size = size;
    destination.largest = std::max(destination.largest, destination.size);
    destination.changed = true;
    tell(fmt::format("{}: {} is {} now", destination.name(), path, value.dump()));
  });
}

// Whether the settings that are known are those that its owner gave.
bool Run::is_set(const Tracked& destination, const catalog::Destination& known) {
  switch (destination.kind) {
    case Kind::kinesis:
      return kinesis::settings_of(known).encoding == destination.encoding;
    case Kind::tee:
      return launchdarkly_events::settings_of(known).max_calls_in_flight == destination.size;
    case Kind::s3: {
      const s3::S3Settings& settings = s3::settings_of(known);
      return settings.roll_bytes == destination.size << 10 &&
             kCompressions[static_cast<std::size_t>(settings.compression == s3::Compression::none   ? 0
                                                    : settings.compression == s3::Compression::gzip ? 1
                                                                                                    : 2)] ==
                 destination.compression;
    }
    case Kind::webhook:
      break;
  }
  const webhook::WebhookSettings& settings = webhook::settings_of(known);
  return settings.max_events == destination.size &&
         name_of_compression(settings.compression) == destination.compression;
}

void Run::trouble_service(Service& service) {
  Random& random = kind_random_;
  ServiceFaults& faults = service.faults;
  const bool better = random.below(3) == 0;
  const auto chance = [&](double most) { return better ? 0 : random.unit() * most; };
  if (weather_.throttling) faults.limited = chance(0.6);
  if (weather_.failures) {
    faults.fails = chance(0.5);
    faults.refuses = random.below(3) == 0 ? chance(0.2) : 0;
  }
  if (weather_.lost_answers) {
    faults.answer_is_lost = chance(0.3);
    faults.request_is_lost = chance(0.3);
    faults.answer_is_cut = chance(0.2);
    faults.answer_is_wrong = chance(0.2);
  }
  if (weather_.outages) {
    faults.unreachable = !better && random.below(3) == 0;
    faults.denied = !better && random.below(5) == 0;
    faults.denies_mobile = !better && random.below(4) == 0;
    faults.gone = !better && random.below(12) == 0;
    cloud_.sts_unreachable = !better && random.below(6) == 0;
    cloud_.sts_denies = !better && random.below(8) == 0;
  }
  if (weather_.one_slow && random.below(3) == 0) {
    faults.latency_us = better ? 8'000 : 500'000;
    faults.latency_spread_us = better ? 20'000 : static_cast<std::int64_t>(random.below(40)) * kSecondUs;
  }
  if (weather_.expiring && random.below(4) == 0) {
    cloud_.expire_sessions();
    cloud_.session_s = 16 + static_cast<std::int64_t>(random.below(100));
  }
}

// Payloads that no far end has a reason to refuse: what was refused alone is given up only when others are accepted.
void Run::send_plain() {
  for (std::size_t i = 0; i < environments_; ++i) {
    ledger_.payloads.push_back(sdk_.make_plain(i, clock_.wall_ms()));
    send(ledger_.payloads.size() - 1);
  }
}

// Bytes that spools may have on the disk, five objects for delivery and five for a replay, each with an event too many;
// and dead letters that are whole payloads, or, in a surge, hundreds of events that a receiver finds too large.
std::uint64_t Run::service_files_limit_bytes() const {
  constexpr std::uint64_t kObjects = 10, kEventBytes = 16u << 10, kLettersBytes = 8u << 20;
  std::uint64_t bytes = 0;
  for (const Tracked& each : ledger_.destinations) {
    if (each.kind == Kind::s3) bytes += kObjects * ((each.largest << 10) + kEventBytes);
    if (each.kind == Kind::tee || each.kind == Kind::webhook) bytes += kLettersBytes;
  }
  return bytes;
}

}  // namespace sluice::simulation
