#include "catalog/key_expiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/random.h"

namespace sluice::catalog {
namespace {

using nlohmann::json;

constexpr const char* kMember = "key_expiries";
constexpr std::array kFields = {"sdk_keys", "mobile_keys"};
// A refused change, such as one that another change overtook, is tried again.
constexpr std::int64_t kRetryMs = 1'000;
constexpr std::int64_t kLongestMs = 3'600'000;

void set(CatalogWrite& environment, const char* field, const json& keys, const std::vector<std::int64_t>& expiries) {
  environment.fields[field] = keys;
  const bool any = std::any_of(expiries.begin(), expiries.end(), [](std::int64_t expiry) { return expiry > 0; });
  if (any) {
    environment.extra[kMember][field] = expiries;
  } else if (environment.extra.contains(kMember)) {
    environment.extra[kMember].erase(field);
    if (environment.extra[kMember].empty()) environment.extra.erase(kMember);
  }
}

AuditEntry expired_entry(const Environment& environment, std::int64_t now_ms) {
  AuditEntry entry;
  std::uint64_t bits;
  random_secret_bytes(&bits, sizeof bits);
  entry.id = ObjectIdMinter(bits).mint(now_ms).hex();
  entry.at_ms = now_ms;
  entry.member = json{{"tokenId", ObjectId{}.hex()}, {"name", "Sluice"}}.dump();  // no token's
  entry.action = "expireKey";
  entry.target = fmt::format("proj/{}:env/{}", environment.project_key, environment.key);
  entry.title = fmt::format("Sluice took an old key of \"{}/{}\" out of force: its time is over",
                            environment.project_key, environment.key);
  return entry;
}

}  // namespace

std::vector<std::int64_t> key_expiries(const json& fields, const json& extra, const char* field) {
  const json keys = fields.value(field, json::array());
  std::vector<std::int64_t> expiries(keys.is_array() ? keys.size() : 0);
  if (!extra.is_object()) return expiries;
  const json stored = extra.value(kMember, json::object()).value(field, json::array());
  for (std::size_t i = 0; i < std::min(stored.size(), expiries.size()); ++i)
    if (stored[i].is_number_integer()) expiries[i] = stored[i].get<std::int64_t>();
  return expiries;
}

void put_new_key(CatalogWrite& environment, const char* field, std::string key, std::int64_t old_until_ms) {
  json keys = json::array({std::move(key)});
  std::vector<std::int64_t> expiries = {0};
  if (old_until_ms > 0) {
    const json old = environment.fields.value(field, json::array());
    const auto known = key_expiries(environment.fields, environment.extra, field);
    for (std::size_t i = 0; i < old.size() && keys.size() <= kMostOldKeys; ++i) {
      keys.push_back(old[i]);
      expiries.push_back(known[i] > 0 ? known[i] : old_until_ms);
    }
  }
  set(environment, field, keys, expiries);
}

bool drop_expired_keys(CatalogWrite& environment, std::int64_t now_ms) {
  bool dropped = false;
  for (const char* field : kFields) {
    const json keys = environment.fields.value(field, json::array());
    const auto expiries = key_expiries(environment.fields, environment.extra, field);
    json left = json::array();
    std::vector<std::int64_t> left_expiries;
    for (std::size_t i = 0; i < expiries.size(); ++i) {
      if (expiries[i] > 0 && expiries[i] <= now_ms) continue;
      left.push_back(keys[i]);
      left_expiries.push_back(expiries[i]);
    }
    if (left.size() == keys.size()) continue;
    dropped = true;
    set(environment, field, left, left_expiries);
  }
  return dropped;
}

KeyExpirer::KeyExpirer(ManagedCatalog& catalog, const Clock& clock, Workers& workers)
    : catalog_(catalog), clock_(clock), workers_(workers) {}

KeyExpirer::~KeyExpirer() { stop(); }

void KeyExpirer::start() {
  worker_ = workers_.start("key-expirer", notifier_, [this] { return step(); });
}

void KeyExpirer::stop() {
  if (!worker_) return;
  stopping_ = true;
  notifier_.notify();
  worker_->join();
  worker_.reset();
}

std::int64_t KeyExpirer::step() {
  if (stopping_) return kWorkerDone;
  const std::int64_t now_ms = clock_.wall_ms();
  std::int64_t next_ms = now_ms + kLongestMs;
  for (const auto& project : catalog_.projects()) {
    for (const auto& environment : catalog_.environments(project.value.id)) {
      if (!environment.extra.contains(kMember)) continue;
      CatalogWrite write{DocumentKind::environment, environment.value.id.hex(), environment.fields,
                         environment.extra,         environment.revision,       false};
      if (drop_expired_keys(write, now_ms)) {
        if (const auto committed = catalog_.commit({write}, expired_entry(environment.value, now_ms)); !committed) {
          log_warn("catalog.key_not_expired", {{"project", environment.value.project_key},
                                               {"environment", environment.value.key},
                                               {"reason", committed.error().message}});
          next_ms = std::min(next_ms, now_ms + kRetryMs);
          continue;
        }
      }
      for (const char* field : kFields)
        for (const std::int64_t expiry : key_expiries(write.fields, write.extra, field))
          if (expiry > 0) next_ms = std::min(next_ms, expiry);
    }
  }
  return std::max<std::int64_t>(next_ms - now_ms, 1) * 1000;
}

}  // namespace sluice::catalog
