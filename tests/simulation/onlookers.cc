// What anybody may read of a running process: status, metrics and flags. An answer comes, and it was true at most ten
// seconds ago; when all is at rest it is true.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "run.h"

namespace sluice::simulation {
namespace {

using nlohmann::json;

constexpr std::int64_t kTrueWithinUs = 10'000'000;
// A page is rendered by a worker that waits for nobody, and nobody steps for long unless the disk is slow.
constexpr std::int64_t kAnswerWithinUs = 5'000'000;
constexpr const char* kPages[] = {"/status", "/metrics", "/flags"};

std::string body_of(const http::HttpResponse& response) {
  return response.shared_body ? *response.shared_body : response.body;
}

}  // namespace

void Run::look() {
  if (look_random_.below(12) != 0 || !process_ || !process_->listens()) return;
  const std::uint64_t which = look_random_.below(4);
  if (which < 3) return look_at(kPages[which]);
  look_from_outside();
}

void Run::look_at(const char* page) {
  const std::uint64_t number = ++looks_made_;
  looks_[number] = {page, clock_.steady_us()};
  process_->admin("GET", page, "", [this, page, number, life = life_](const http::HttpResponse& response) {
    if (life != life_ || dying_ || looks_.erase(number) == 0) return;
    take_page(page, response);
  });
}

// The intake port's own status: answered at once, from what a worker left.
void Run::look_from_outside() {
  std::optional<std::string> body;
  process_->request("GET /status HTTP/1.1\r\nHost: sluice\r\n\r\n",
                    [&body](const http::HttpResponse& response) { body = body_of(response); });
  if (!body) {
    broken_ = "the public status is not answered at once";
    return;
  }
  const json shown = json::parse(*body, nullptr, false);
  if (!shown.is_object() || shown.value("state", "") != "ready") {
    broken_ = "the public status is not ready: " + *body;
    return;
  }
  const bool outdated = !shown.value("ready", false) && shown.value("reason", "").starts_with("The server's state");
  if (outdated && !weather_.slow_disk) broken_ = "the public status is not known";
  if (!at_rest_) return;
  std::uint64_t destinations = 0, expected = 0;
  for (const auto& [state, count] : shown["destinations"].items())
    if (state == "idle" || state == "delivering" || state == "off") destinations += count.get<std::uint64_t>();
  for (const Tracked& each : ledger_.destinations) expected += !each.deleted;
  if (!shown.value("ready", false) || destinations != expected)
    broken_ = fmt::format("at rest, with {} destinations, the public status is {}", expected, *body);
}

void Run::take_page(std::string_view page, const http::HttpResponse& response) {
  const std::string body = body_of(response);
  if (response.status != 200)
    broken_ = fmt::format("{} is answered {}: {}", page, response.status, body);
  else if (page == "/status")
    take_status(body);
  else if (page == "/metrics" && at_rest_)
    take_metrics(body);
  else if (page == "/flags" && at_rest_ && reads_flags_ && body.find(Cloud::kFirstFlagName) == std::string::npos)
    broken_ = "at rest, /flags does not have the names that LaunchDarkly gives: " + body;
}

void Run::take_status(const std::string& body) {
  const json status = json::parse(body, nullptr, false);
  if (!status.is_object()) {
    broken_ = "/status is not JSON: " + body;
    return;
  }
  const std::int64_t as_of_ms = status.value("asOfMs", std::int64_t{0});
  const std::int64_t age_ms = clock_.wall_ms() - as_of_ms;
  if (as_of_ms > 0 && age_ms > kTrueWithinUs / 1000 && !weather_.slow_disk && !clock_jumped_)
    broken_ = fmt::format("/status is as of {} ms ago", age_ms);
  std::map<std::string, const json*> by_id;
  for (const json& each : status["destinations"]) by_id[each.value("id", "")] = &each;
  std::size_t there = 0;
  for (const Tracked& each : ledger_.destinations) {
    there += !each.deleted;
    const auto found = by_id.find(each.id.hex());
    const bool missing = found == by_id.end();
    if (at_rest_ && missing != each.deleted)
      broken_ = fmt::format("at rest, {} is {}on /status", each.name(), missing ? "not " : "");
    if (missing || each.deleted) continue;
    if (auto wrong = untrue(each, *found->second))
      broken_ = fmt::format("/status of {}: {}: {}", each.name(), *wrong, found->second->dump());
  }
  if (at_rest_ && (there != by_id.size() || !status.value("ready", false)))
    broken_ = "at rest, /status is not ready, or shows other destinations: " + body;
}

std::optional<std::string> Run::untrue(const Tracked& destination, const json& shown) {
  const std::uint64_t delivered = shown.value("deliveredEvents", std::uint64_t{0});
  const Takings& takings = cloud_.takings(destination.stream);
  const bool plain = !destination.was_off && !destination.changed && !destination.replayed && happened_.flips == 0;
  const bool once = plain && !happened_.may_store_again();
  if (plain && delivered > (once ? takings.ledger.size() : takings.taken))
    return fmt::format("{} are delivered, and the far end has {}", delivered,
                       once ? takings.ledger.size() : takings.taken);
  if (!shown_.empty() && plain && shown_.front().at_us <= clock_.steady_us() - kTrueWithinUs) {
    const auto before = shown_.front().delivered.find(destination.id);
    if (before != shown_.front().delivered.end() && delivered < before->second)
      return fmt::format("{} were delivered ten seconds ago", before->second);
  }
  if (!at_rest_) return std::nullopt;
  const std::string state = shown.value("state", "");
  if (destination.on ? state != "idle" && state != "delivering" : state != "off") return "at rest, it is " + state;
  if (shown["backlog"]["events"] != 0) return "at rest, it has a backlog";
  // As the ledger, of a tee.
  const std::uint64_t dead = destination.kind == Kind::tee ? shown.value("deadLetteredEvents", std::uint64_t{0}) : 0;
  if (once && !destination.retried && delivered + dead < takings.ledger.size())
    return fmt::format("at rest, {} are delivered, and the far end has {}", delivered, takings.ledger.size());
  return std::nullopt;
}

// The same numbers as on /status, which was true.
void Run::take_metrics(const std::string& body) {
  for (const exporting::DestinationStatus& each : process_->exporter().status()) {
    const auto shows = [&](const char* name, std::uint64_t value) {
      const std::string begin = fmt::format("\n{}{{destination=\"{}\"", name, each.destination.id.hex());
      const std::size_t at = body.find(begin);
      const std::size_t end = at == std::string::npos ? at : body.find('\n', at + 1);
      const std::string line = at == std::string::npos ? "" : body.substr(at + 1, end - at - 1);
      if (!line.ends_with(fmt::format("}} {}", value)))
        broken_ = fmt::format("at rest, /metrics has \"{}\" where {} is {}", line, name, value);
    };
    shows("sluice_destination_delivered_events_total", each.pipeline.balance.delivered);
    shows("sluice_destination_waiting_events", 0);
  }
}

void Run::note_shown() {
  const std::int64_t now_us = clock_.steady_us();
  if (!shown_.empty() && shown_.back().at_us > now_us - 1'000'000) return;
  // The first that is kept is the newest of those that are old enough.
  while (shown_.size() > 1 && shown_[1].at_us <= now_us - kTrueWithinUs) shown_.pop_front();
  Shown shown{now_us, {}};
  for (const exporting::DestinationStatus& each : process_->exporter().status())
    shown.delivered[each.destination.id] = each.pipeline.balance.delivered;
  shown_.push_back(std::move(shown));
}

void Run::note_in_force() {
  if (changed_at_us_ == 0 || !is_in_force()) return;
  changed_at_us_ = 0;
  learn_keys();
}

void Run::check_shown() {
  note_shown();
  const std::int64_t now_us = clock_.steady_us();
  if (!weather_.slow_disk)
    for (const auto& [number, look] : looks_)
      if (now_us - look.asked_us > kAnswerWithinUs) broken_ = fmt::format("{} is not answered", look.page);
  note_in_force();
  if (changed_at_us_ == 0) return;
  const bool disk_is_good =
      !weather_.disk_errors && !weather_.full_disk && !weather_.slow_disk && !weather_.read_errors;
  if ((disk_is_good || repaired_) && now_us - changed_at_us_ > kTrueWithinUs)
    broken_ = "a change of the catalog is not in force after ten seconds";
}

// Nothing came and nothing was changed for ten seconds, in a process that just started.
void Run::look_at_rest() {
  if (!process_ || broken_) return;
  at_rest_ = true;
  for (const char* page : kPages) look_at(page);
  look_from_outside();
  scheduler_.run_for(2 * kAnswerWithinUs / 5);
  if (!looks_.empty()) broken_ = fmt::format("at rest, {} is not answered", looks_.begin()->second.page);
  at_rest_ = false;
  if (!is_in_force()) broken_ = "at rest, the catalog is not in force";
  const catalog::CatalogPointer catalog = process_->in_force().current();
  for (const auto& [key, known] : keys_) {
    const bool counts = catalog->by_sdk_key(key) != nullptr;
    if (known.until_ms == 0 && !counts) broken_ = "at rest, a key in force is not known";
    if (known.until_ms > 0 && counts && !clock_jumped_ && known.until_ms + kTrueWithinUs / 1000 < clock_.wall_ms())
      broken_ = "at rest, a key that expired still counts";
  }
  if (const launchdarkly::FlagReader* reader = process_->flag_reader()) {
    const auto readings = reader->readings();
    if (readings.size() != 1 || !readings[0].problem.empty() || readings[0].flags != Cloud::kFlags)
      broken_ = fmt::format("at rest, flags are not read: {}", readings.empty() ? "not tried" : readings[0].problem);
  }
}

}  // namespace sluice::simulation
