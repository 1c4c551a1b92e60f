// What the owners of a run's project do, over the REST API: destinations, keys, replays, dead letters.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/key_expiry.h"
#include "run.h"

namespace sluice::simulation {
namespace {

using nlohmann::json;

constexpr const char* kProjectKey = "simulated";

std::string environment_key(std::size_t number) { return fmt::format("environment-{}", number); }

event::EventKindSet both(const event::EventKindSet& a, const event::EventKindSet& b) {
  event::EventKindSet set;
  for (const event::EventKindRow& row : event::kEventKinds) set.set(row.kind, a.has(row.kind) && b.has(row.kind));
  return set;
}
event::EventKindSet either(const event::EventKindSet& a, const event::EventKindSet& b) {
  event::EventKindSet set;
  for (const event::EventKindRow& row : event::kEventKinds) set.set(row.kind, a.has(row.kind) || b.has(row.kind));
  return set;
}

// As the API is told them.
json names_of(const event::EventKindSet& kinds) {
  json names = json::array();
  for (const event::EventKindRow& row : event::kEventKinds)
    if (kinds.has(row.kind)) names.push_back(row.kind == event::EventKind::other ? "other" : std::string(row.name));
  return names;
}

json destination_body(const Tracked& destination) {
  const std::string stream = destination.name();
  json config = {{"region", "eu-west-1"},
                 {"streamName", stream},
                 {"roleArn", "arn:aws:iam::123456789012:role/export"},
                 {"kinds", names_of(destination.kinds)}};
  if (destination.linger_ms) {
    config["encoding"] = framing::encoding_name(destination.encoding);
    config["linger"] = fmt::format("{} ms", *destination.linger_ms);
  }
  if (destination.record_kib > 0) config["recordBytes"] = fmt::format("{} KiB", destination.record_kib);
  return {{"name", stream}, {"kind", "kinesis"}, {"on", true}, {"config", config}};
}

json service_body(const Tracked& destination, json config) {
  if (destination.kind != Kind::tee) config["kinds"] = names_of(destination.kinds);
  return {{"name", destination.name()},
          {"kind", kKindNames[static_cast<std::size_t>(destination.kind)]},
          {"on", true},
          {"config", std::move(config)}};
}

json replaced(const char* path, json value) {
  return json::array({{{"op", "replace"}, {"path", path}, {"value", std::move(value)}}});
}

}  // namespace

std::string Run::path_of(const Tracked& destination) {
  return fmt::format("/api/v2/destinations/{}/{}/{}", kProjectKey, environment_key(destination.environment),
                     destination.id.hex());
}

// A project with its environments, as it was before the run.
void Run::make_catalog() {
  using catalog::DocumentKind;
  const auto put = [this](DocumentKind kind, const std::string& id, const json& fields) {
    database_.put({kind, id, 1, json{{"fields", fields}, {"extra", json::object()}}.dump()});
  };
  put(DocumentKind::project, "5744c96707c9900708000004", {{"key", kProjectKey}});
  for (std::size_t i = 0; i < environments_; ++i) {
    const std::string id = fmt::format("578d1e02d2943862c52b96{:02x}", i);
    json environment = {{"key", environment_key(i)},
                        {"project", kProjectKey},
                        {"sdk_keys", {Sdk::sdk_key(i)}},
                        {"feature_events", "chosen flags"}};
    if (has_kind(Kind::tee)) environment["mobile_keys"] = json::array({Sdk::mobile_key(i)});
    put(DocumentKind::environment, id, environment);
    put(DocumentKind::flag, catalog::flag_document_id(*ObjectId::parse(id), Sdk::kUnwantedFlag), {{"export", false}});
  }
}

bool Run::ask_for(std::string_view method, const std::string& path, const std::string& body,
                  const std::function<void()>& made) {
  note_in_force();
  const std::uint64_t commits = database_.commits();
  unsigned status = 0;
  std::string answer;
  try {
    process_->admin(method, path, body, [&status, &answer](const http::HttpResponse& response) {
      status = response.status;
      answer = response.body;
    });
  } catch (const ProcessDied&) {
    if (database_.commits() > commits) made();
    throw;
  }
  const bool done = status >= 200 && status < 300;
  if (done) {
    made();
    if (database_.commits() > commits && changed_at_us_ == 0) changed_at_us_ = clock_.steady_us();
  } else {
    tell(fmt::format("{} {} is answered {}: {}", method, path, status, answer));
    if (database_.commits() > commits) broken_ = "a change was made, and its owner was told that it was not";
    if (status != 409 && status != 503) broken_ = fmt::format("{} {} is answered {}: {}", method, path, status, answer);
  }
  return done;
}

void Run::make_destination() {
  if (!process_) return;
  Tracked made;
  made.stream = destinations_made_;
  made.environment = random_.below(environments_);
  made.kinds = made.always = made.ever = event::EventKindSet::defaults();
  made.kind = draw_kind();
  if (packs_) draw_packing(made);
  const json body = made.kind == Kind::kinesis ? destination_body(made) : service_body(made, draw_service(made));
  ask_for("POST", fmt::format("/api/v2/destinations/{}/{}", kProjectKey, environment_key(made.environment)),
          body.dump(), [&] {
            ++destinations_made_;
            if (made.kind != Kind::kinesis)
              cloud_.make_service(made.kind, made.stream, kind_random_.next());
            else if (packs_)
              draw_stream(made.stream);
            made.id = *ObjectId::parse(database_.last_id());
            made.wanted_from = ledger_.now();
            ledger_.destinations.push_back(made);
            tell(fmt::format("destination {} is created", made.name()));
          });
}

void Run::turn(Tracked& destination) {
  const bool on = !destination.on;
  ask_for("PATCH", path_of(destination), replaced("/on", on).dump(), [&] {
    destination.on = on;
    destination.was_off = true;
    if (on) destination.excused_until = ledger_.now();
    tell(fmt::format("{} is switched {}", destination.name(), on ? "on" : "off"));
  });
}

void Run::change_kinds(Tracked& destination) {
  // Not the first two and the last, which no destination names.
  const event::EventKindRow& row = event::kEventKinds[2 + random_.below(event::kEventKinds.size() - 3)];
  event::EventKindSet kinds = destination.kinds;
  kinds.set(row.kind, !kinds.has(row.kind));
  ask_for("PATCH", path_of(destination), replaced("/config/kinds", names_of(kinds)).dump(), [&] {
    destination.kinds = kinds;
    destination.always = both(destination.always, kinds);
    destination.ever = either(destination.ever, kinds);
    destination.changed = true;
    tell(fmt::format("{}: {} is changed", destination.name(), row.name));
  });
}

void Run::change_encoding(Tracked& destination) {
  const auto encoding = static_cast<framing::Encoding>(packing_random_.below(framing::kEncodingNames.size()));
  json change = replaced("/config/encoding", framing::encoding_name(encoding));
  const bool unsizes = !framing::is_packed(encoding) && destination.record_kib > 0;
  if (unsizes) change.push_back({{"op", "remove"}, {"path", "/config/recordBytes"}});
  ask_for("PATCH", path_of(destination), change.dump(), [&] {
    destination.encoding = encoding;
    if (unsizes) destination.record_kib = 0;
    destination.changed = true;
    tell(fmt::format("{} gets {}", destination.name(), framing::encoding_name(encoding)));
  });
}

void Run::remove(Tracked& destination) {
  ask_for("DELETE", path_of(destination), "", [&] {
    destination.deleted = true;
    tell(fmt::format("{} is deleted", destination.name()));
  });
}

void Run::change_catalog() {
  Tracked* destination = any_destination();
  if (weather_.replays && random_.below(3) == 0) replay();
  if (weather_.poison && random_.below(3) == 0) retry_dead_letters();
  if (weather_.on_and_off && destination != nullptr && random_.below(3) == 0) turn(*destination);
  if (!weather_.catalog_changes || random_.below(3) != 0) return;
  ++happened_.catalog_changes;
  if (random_.below(3) == 0 && ledger_.destinations.size() < 6) return make_destination();
  if (destination == nullptr || destination->deleted) return;
  if (random_.below(8) == 0) return remove(*destination);
  if (destination->kind == Kind::tee || (destination->kind != Kind::kinesis && kind_random_.below(2) == 0))
    return change_service(*destination);
  if (packs_ && destination->kind == Kind::kinesis && packing_random_.below(4) == 0)
    return change_encoding(*destination);
  change_kinds(*destination);
}

// The old key counts for some seconds more.
void Run::reset_key() {
  if (!process_ || !process_->listens()) return;
  const std::size_t environment = key_random_.below(environments_);
  const std::int64_t until_ms = clock_.wall_ms() + 3'000 + static_cast<std::int64_t>(key_random_.below(20'000));
  ask_for("POST",
          fmt::format("/api/v2/projects/{}/environments/{}/apiKey?expiry={}", kProjectKey, environment_key(environment),
                      until_ms),
          "", [&] {
            tell(fmt::format("the key of environment {} is reset, the old one counts until {}", environment, until_ms));
          });
  learn_keys();
}

// Which keys there are, and until when. SDKs are given a new one when it is in force.
void Run::learn_keys() {
  std::map<std::string, Key> now;
  for (std::size_t i = 0; i < environments_; ++i) {
    const auto environment = process_->catalog().environment(kProjectKey, environment_key(i));
    const auto expiries = catalog::key_expiries(environment->fields, environment->extra, "sdk_keys");
    const auto& keys = environment->value.sdk_keys;
    for (std::size_t k = 0; k < keys.size(); ++k) now[keys[k]] = {i, expiries[k]};
    if (process_->in_force().current()->by_sdk_key(keys.front()) != nullptr) sdk_.use_key(i, keys.front());
  }
  for (const auto& [key, known] : keys_)
    if (!now.contains(key))
      now[key] = {known.environment,
                  known.until_ms == 0 ? clock_.wall_ms() : std::min(known.until_ms, clock_.wall_ms())};
  keys_ = std::move(now);
}

bool Run::key_is_good(const Payload& payload) const {
  const auto known = keys_.find(payload.sdk_key);
  return known == keys_.end() || known->second.until_ms == 0 ||
         (clock_.wall_ms() < known->second.until_ms && !clock_jumped_);
}

void Run::replay() {
  Tracked* destination = any_destination();
  if (destination == nullptr || !destination->on || destination->kind == Kind::tee) return;
  const std::int64_t to_ms = clock_.wall_ms() - static_cast<std::int64_t>(random_.below(5'000));
  const std::int64_t from_ms = to_ms - static_cast<std::int64_t>(random_.below(20'000));
  const journal::Position oldest = process_->journal().oldest();
  // From here on: a process that dies after the request was written down goes on with the replay when it is back.
  const bool before = std::exchange(destination->replayed, true);
  if (!ask_for("POST", path_of(*destination) + "/replay", json{{"from", from_ms}, {"to", to_ms}}.dump(), [] {})) {
    destination->replayed = before;
    return;
  }
  tell(fmt::format("{} is replayed", destination->name()));
  // What was given up before it began is not replayed. Entries lie in the order in which they were stored: one that was
  // received later than the oldest that is kept may be gone.
  const journal::Position kept_from = process_->journal().oldest();
  asked_replays_[destination->id] = {{destination->id, from_ms, to_ms, ledger_.now(), kept_from.value}, oldest};
}

// On the API's worker, while live delivery, and whatever else there is, goes on.
void Run::retry_dead_letters() {
  Tracked* destination = any_destination();
  if (destination == nullptr || !destination->on) return;
  destination->retried = destination->kind != Kind::kinesis;
  const auto answered = [this, life = life_, name = destination->name()](const http::HttpResponse& response) {
    if (life != life_ || dying_) return;
    tell(fmt::format("dead letters of {} are retried: {} {}", name, response.status, response.body));
  };
  process_->admin("POST", path_of(*destination) + "/dead-letters/retry", "", answered);
}

void Run::look_at_replays() {
  if (!process_) return;
  for (auto at = asked_replays_.begin(); at != asked_replays_.end();) {
    const auto status = process_->exporter().status(at->first);
    if (status && status->replay && status->replay->state == exporting::ReplayState::running) {
      ++at;
      continue;
    }
    const bool whole = status && status->replay && status->replay->state == exporting::ReplayState::done &&
                       process_->journal().oldest() == at->second.oldest && !clock_jumped_ && happened_.flips == 0;
    if (whole) ledger_.replays.push_back(at->second.replay);
    at = asked_replays_.erase(at);
  }
}

// Whether the data path has all destinations and keys as their owners set them.
bool Run::is_in_force() const {
  const catalog::CatalogPointer catalog = process_->in_force().current();
  std::map<ObjectId, const catalog::Destination*> in_force;
  for (const catalog::Destination& each : catalog->destinations()) in_force[each.id] = &each;
  std::size_t there = 0;
  for (const Tracked& each : ledger_.destinations) {
    if (each.deleted) continue;
    ++there;
    const auto found = in_force.find(each.id);
    const auto is_as_set = [&each](const catalog::Destination& known) {
      return known.on == each.on && (each.kind == Kind::tee || known.kinds == each.kinds) && is_set(each, known);
    };
    if (found == in_force.end() || !is_as_set(*found->second)) return false;
    const auto shown = process_->exporter().status(each.id);
    if (!shown || !is_as_set(shown->destination)) return false;
  }
  for (const auto& [key, known] : keys_)
    if (known.until_ms == 0 && catalog->by_sdk_key(key) == nullptr) return false;
  return there == in_force.size();
}

Tracked* Run::any_destination() {
  if (ledger_.destinations.empty()) return nullptr;
  Tracked& destination = ledger_.destinations[random_.below(ledger_.destinations.size())];
  return destination.deleted ? nullptr : &destination;
}

}  // namespace sluice::simulation
