#include "sdk.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/text.h"
#include "relay/json_scan.h"
#include "relay/relay_handler.h"

namespace sluice::relay_simulation {
namespace {

using relay::JsonScan;

constexpr std::int64_t kMsUs = 1'000;
constexpr const char* kSdkKey = "sdk-simulated";
// How long nothing may be read, and the loop's tick that finds it.
constexpr std::int64_t kMostBlockedUs = http::HttpLimits().write_timeout_ms * kMsUs + kSecondUs;
// A heartbeat, the loop's tick that sends it, and the way to the reader.
constexpr std::int64_t kMostSilenceUs = relay::kHeartbeatMs * kMsUs + kSecondUs;
// What a selection needs to be in what is sent: a step of the relay's worker, and the way to the reader.
constexpr std::int64_t kInForceUs = 2 * kSecondUs;

// The members of an object, as texts.
std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view json) {
  std::vector<std::pair<std::string, std::string_view>> out;
  JsonScan scan(json);
  scan.object([&](std::string_view name) {
    scan.next();
    const std::size_t begin = scan.at();
    if (!scan.skip()) return false;
    out.emplace_back(relay::json_unescaped(name), scan.from(begin));
    return true;
  });
  return out;
}

std::string_view member_of(std::string_view json, std::string_view name) {
  for (const auto& [key, value] : members_of(json))
    if (key == name) return value;
  return {};
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string unquoted(std::string_view text) {
  return text.size() < 2 ? "" : relay::json_unescaped(text.substr(1, text.size() - 2));
}

}  // namespace

void Promises::select(Selection selection) { selections_.emplace_back(clock_.steady_us(), std::move(selection)); }

void Promises::fail(std::string what) {
  if (!broken_) broken_ = std::move(what);
}

// Within the time that it takes to be in force.
bool Promises::was_selected(const std::string& key, bool selected) const {
  for (std::size_t i = selections_.size(); i-- > 0;) {
    if (selections_[i].second.contains(key) == selected) return true;
    if (selections_[i].first < clock_.steady_us() - kInForceUs) return false;
  }
  return false;
}

std::optional<std::int64_t> Promises::check_item(const std::string& key, std::string_view json, bool fresh) {
  const std::optional<std::int64_t> version = number_of(member_of(json, "version"));
  const UpstreamItem* const item = version ? upstream_.item(*version) : nullptr;
  if (item == nullptr || item->key != key) {
    fail(fmt::format("{} is served as {}, which upstream never had", key, json));
    return std::nullopt;
  }
  const bool plain = json == item->json, tracked = json == item->tracked_json;
  if (!plain && !tracked) {
    fail(fmt::format("{} is served as {}, expected {} or {}", key, json, item->json, item->tracked_json));
    return std::nullopt;
  }
  if (fresh && item->is_flag && plain != tracked && !was_selected(key, tracked)) {
    fail(fmt::format("{} is served as {}, and its export is {} for some time", key, json, tracked ? "off" : "on"));
    return std::nullopt;
  }
  return version;
}

bool Promises::is_current(const std::string& key, std::string_view json) const {
  const std::optional<std::int64_t> version = number_of(member_of(json, "version"));
  const UpstreamItem* const item = version ? upstream_.item(*version) : nullptr;
  return item != nullptr && json == (selection().contains(key) ? item->tracked_json : item->json);
}

std::optional<Upstream::States> Promises::states_with(const std::map<std::string, std::int64_t>& held) const {
  std::vector<std::int64_t> versions;
  for (const auto& [path, version] : held) versions.push_back(version);
  std::sort(versions.begin(), versions.end());
  return upstream_.states_with(versions);
}

Upstream::States Promises::check_state(const std::map<std::string, std::int64_t>& held, const Life& life) {
  const auto states = states_with(held);
  if (!states) {
    std::string items;
    for (const auto& [path, version] : held) items += fmt::format(" {} {}", path, version);
    fail("these are held together, and upstream never had them so:" + items);
    return {};
  }
  if (states->last < life.least_state)
    fail(fmt::format("state {} is served, and state {} was on disk when the process began", states->last,
                     life.least_state));
  return *states;
}

std::string AnswerReader::header(std::string_view name) const {
  const auto found = headers_.find(std::string(name));
  return found == headers_.end() ? "" : found->second;
}

void AnswerReader::take(std::string_view bytes) {
  raw_ += bytes;
  if (status_ == 0) {
    const std::size_t end = raw_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    std::string_view head = std::string_view(raw_).substr(0, end + 2);
    status_ = static_cast<int>(number_of(head.substr(9, 3)).value_or(0));
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
      const std::string_view line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      const std::size_t colon = line.find(':');
      headers_[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
    chunked_ = header("transfer-encoding") == "chunked";
    length_ = static_cast<std::size_t>(number_of(header("content-length")).value_or(0));
    raw_.erase(0, end + 4);
  }
  if (!chunked_) {
    body_ += std::exchange(raw_, {});
    return;
  }
  while (true) {
    const std::size_t line = raw_.find("\r\n");
    std::size_t size = 0;
    if (line == std::string::npos) return;
    std::from_chars(raw_.data(), raw_.data() + line, size, 16);
    if (size == 0 || raw_.size() < line + 2 + size + 2) return;
    body_ += raw_.substr(line + 2, size);
    raw_.erase(0, line + 2 + size + 2);
  }
}

Sdk::Sdk(SdkKind kind, Scheduler& scheduler, ManualClock& clock, Promises& promises, std::uint64_t seed,
         std::function<std::shared_ptr<SimulatedLoop>()> loop)
    : kind_(kind), scheduler_(scheduler), clock_(clock), promises_(promises), random_(seed), loop_(std::move(loop)) {
  connect_later();
}

Sdk::~Sdk() {
  *alive_ = false;
  if (link_) link_->close();
}

// As SDKs do: after half a second to a second, or the interval of those that poll.
void Sdk::connect_later() {
  if (std::exchange(connecting_, true)) return;
  const auto wait_us = 500 * kMsUs + static_cast<std::int64_t>(random_.below(500 * kMsUs));
  scheduler_.at(clock_.steady_us() + wait_us, [this, alive = alive_] {
    if (!*alive) return;
    connecting_ = false;
    connect();
  });
}

void Sdk::connect() {
  const std::shared_ptr<SimulatedLoop> loop = loop_();
  if (!loop) return connect_later();
  life_ = promises_.life();
  answer_ = {};
  parser_ = std::make_unique<http_client::EventStreamParser>();
  const char* const path = kind_ == SdkKind::poll ? "/sdk/latest-all" : kind_ == SdkKind::ping ? "/mping" : "/all";
  std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: s\r\nAuthorization: {}\r\n", path,
                                    kind_ == SdkKind::ping ? "mob-simulated" : kSdkKey);
  if (kind_ == SdkKind::poll && !etag_.empty()) request += "If-None-Match: " + etag_ + "\r\n";
  last_bytes_us_ = 0;
  link_ = loop->connect(request + "\r\n");
  link_->received = [this, alive = alive_] {
    if (*alive) read_later();
  };
  if (link_->waiting() > 0 || link_->over()) read_later();  // a server that stops closes it within connect()
}

void Sdk::read_later() {
  if (std::exchange(reading_, true)) return;
  std::int64_t wait_us = static_cast<std::int64_t>(random_.below(5 * kMsUs));
  if (kind_ == SdkKind::slow_stream && !calm_) {
    wait_us = static_cast<std::int64_t>(random_.below(kSecondUs));
    if (random_.below(40) == 0) wait_us += static_cast<std::int64_t>(random_.below(60)) * kSecondUs;
  }
  scheduler_.at(clock_.steady_us() + wait_us, [this, alive = alive_] {
    if (!*alive) return;
    reading_ = false;
    read();
  });
}

void Sdk::come_again() {
  if (!link_) return;
  link_->close();
  link_.reset();
  connect();
}

void Sdk::calm() {
  calm_ = true;
  reading_ = false;
  if (link_) read_later();
}

void Sdk::read() {
  if (!link_) return;
  if (!calm_ && random_.below(400) == 0) {  // it goes, and comes again
    link_->close();
    return ended();
  }
  check_not_cut();
  const std::string bytes = link_->read(kind_ == SdkKind::slow_stream && !calm_ ? 1 + random_.below(500) : SIZE_MAX);
  fingerprint_ = crc32c(bytes.data(), bytes.size(), fingerprint_);
  if (!bytes.empty()) check_heartbeat();
  answer_.take(bytes);
  const int status = answer_.status();
  const bool streams = kind_ != SdkKind::poll;
  if (status == 200 && streams) {
    last_bytes_us_ = clock_.steady_us();
    const std::string body = std::exchange(answer_.body(), {});
    if (const auto fed =
            parser_->feed(body, [this](const http_client::ServerSentEvent& event) { return on_event(event); });
        !fed)
      promises_.fail("a stream cannot be read: " + fed.error().message);
  } else if (status != 0 && answer_.complete()) {
    on_answer();
    link_->close();
    return ended();
  }
  if (link_->over()) return ended();
  if (link_->waiting() > 0) read_later();
}

// Proxies, and SDKs, give up a stream on which nothing comes.
void Sdk::check_heartbeat() const {
  const bool reads_soon = kind_ == SdkKind::stream || kind_ == SdkKind::ping;
  if (reads_soon && last_bytes_us_ > 0 && clock_.steady_us() - last_bytes_us_ > kMostSilenceUs)
    promises_.fail(fmt::format("nothing came on a stream for {} s", (clock_.steady_us() - last_bytes_us_) / kSecondUs));
}

// What one holds that reads nothing is let go of.
void Sdk::check_not_cut() const {
  const std::int64_t since_us = link_->blocked_since_us();
  if (since_us > 0 && clock_.steady_us() - since_us > kMostBlockedUs)
    promises_.fail(fmt::format("a reader that took nothing for {} s was not cut off",
                               (clock_.steady_us() - since_us) / kSecondUs));
}

void Sdk::ended() {
  link_.reset();
  last_bytes_us_ = 0;
  connect_later();
}

void Sdk::on_answer() {
  const int status = answer_.status();
  if (status == 503) {
    ++refused_;
    if (life_.has_served && !promises_.has_forgotten(life_.number))
      promises_.fail("503 from a process that has served flags");
    return;
  }
  if (status != 200 && status != 304) return promises_.fail(fmt::format("an SDK is answered {}", status));
  promises_.note_served(life_.number);
  if (status == 304) return;  // what it holds is as it is served: check_at_rest() finds a 304 that hides a change
  etag_ = answer_.header("etag");
  replace_all(answer_.body(), true);
}

Result<void> Sdk::on_event(const http_client::ServerSentEvent& event) {
  ++events_;
  if (kind_ != SdkKind::ping) promises_.note_served(life_.number);
  if (kind_ == SdkKind::ping) {
    if (event.type != "ping") promises_.fail("an app's stream says " + event.type);
    last_ping_us_ = clock_.steady_us();
    return {};
  }
  const bool fresh = kind_ == SdkKind::stream;
  if (event.type == "put") {
    replace_all(member_of(event.data, "data"), fresh);
  } else if (event.type == "patch") {
    put_item(unquoted(member_of(event.data, "path")), member_of(event.data, "data"));
  } else if (event.type == "delete") {
    const std::string path = unquoted(member_of(event.data, "path"));
    const std::int64_t version = number_of(member_of(event.data, "version")).value_or(0);
    if (const auto held = held_.find(path); held != held_.end() && held->second < version) {
      held_.erase(held);
      texts_.erase(path);
    }
    deleted_[path] = std::max(deleted_[path], version);
  } else {
    promises_.fail("a server's stream says " + event.type);
  }
  check_held();
  return {};
}

// Of one process it is never older than what was there before, unless its source was removed between.
void Sdk::check_held() {
  const Upstream::States now = promises_.check_state(held_, life_);
  if (held_of_ == life_.number && now.last < states_.first && !promises_.has_forgotten(life_.number))
    promises_.fail(fmt::format("state {} is served after state {}", now.last, states_.first));
  held_of_ = life_.number;
  states_ = now;
}

void Sdk::replace_all(std::string_view json, bool fresh) {
  held_.clear();
  deleted_.clear();
  texts_.clear();
  for (const char* const kind : {"flags", "segments"}) {
    const std::string_view items = member_of(json, kind);
    if (items.empty()) return promises_.fail(fmt::format("flags are served without {}: {}", kind, json));
    for (const auto& [key, text] : members_of(items)) {
      const auto version = promises_.check_item(key, text, fresh);
      if (!version) return;
      const std::string path = fmt::format("/{}/{}", kind, key);
      held_[path] = *version;
      if (kind[0] == 'f') texts_[path] = text;
    }
  }
  if (kind_ == SdkKind::poll) check_held();
}

// As SDKs do: what is not newer than what they hold changes nothing.
void Sdk::put_item(const std::string& path, std::string_view json) {
  const auto version = promises_.check_item(path.substr(path.rfind('/') + 1), json, kind_ == SdkKind::stream);
  if (!version) return;
  const auto held = held_.find(path);
  if ((held != held_.end() && held->second >= *version) || deleted_[path] >= *version) return;
  held_[path] = *version;
  if (path.starts_with("/flags/")) texts_[path] = json;
}

std::string Sdk::check_at_rest(std::size_t state) const {
  check_heartbeat();
  if (kind_ == SdkKind::ping) return "";
  const auto states = promises_.states_with(held_);
  if (!states || states->last != state)
    return fmt::format("holds state {}, and upstream has {}", states ? states->last : states_.last, state);
  for (const auto& [path, text] : texts_)
    if (!promises_.is_current(path.substr(path.rfind('/') + 1), text))
      return fmt::format("holds {}, which is not as it is exported", text);
  return "";
}

}  // namespace sluice::relay_simulation
