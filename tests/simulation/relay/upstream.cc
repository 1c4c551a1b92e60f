#include "upstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::relay_simulation {
namespace {

using http_client::ServedStreamFake;
using http_client::TransportFault;

constexpr std::int64_t kMsUs = 1'000;

}  // namespace

Upstream::Upstream(Scheduler& scheduler, ManualClock& clock, std::uint64_t seed)
    : scheduler_(scheduler), clock_(clock), random_(seed), transport_(&clock) {
  for (std::uint64_t i = 0; i < kFlags; ++i) now_["/flags/" + flag_key(i)] = new_item(true, flag_key(i));
  for (std::uint64_t i = 0; i < kSegments; ++i)
    now_[fmt::format("/segments/s{}", i)] = new_item(false, fmt::format("s{}", i));
  remember();
  transport_.serve_by([this](ServedStreamFake& stream) { serve(stream); });
}

// Texts as different writers of JSON would have them.
std::int64_t Upstream::new_item(bool is_flag, const std::string& key) {
  const std::int64_t version = ++version_;
  UpstreamItem item{is_flag, key, "", ""};
  const auto written = [&](std::uint64_t form, std::string_view tracking) {
    if (form == 0)
      return fmt::format(R"({{"key":"{}","version":{},"trackEvents":{},"on":true,"salt":"é\u00e9"}})", key, version,
                         tracking);
    if (form == 1)
      return fmt::format(R"({{ "trackEvents" : {}, "x":1.0e3,  "version":{}, "key":"{}" }})", tracking, version, key);
    return fmt::format(R"({{"version":{},"key":"{}","rules":[{{"id":"r","trackEvents":false}}]{}}})", version, key,
                       tracking == "true" ? ",\"trackEvents\":true" : "");
  };
  if (is_flag) {
    const std::uint64_t form = random_.below(3);
    item.json = written(form, random_.below(4) == 0 ? "true" : "false");
    item.tracked_json = written(form, "true");
  } else {
    item.json = item.tracked_json = fmt::format(R"({{"key":"{}","version":{},"included":["a","b"]}})", key, version);
  }
  items_[version] = std::move(item);
  return version;
}

const UpstreamItem* Upstream::item(std::int64_t version) const {
  const auto found = items_.find(version);
  return found == items_.end() ? nullptr : &found->second;
}

void Upstream::remember() {
  std::vector<std::int64_t> versions;
  for (const auto& [path, version] : now_) versions.push_back(version);
  std::sort(versions.begin(), versions.end());
  States& known = known_[versions];
  known.last = ++states_;
  if (known.first == 0) known.first = known.last;
}

std::optional<Upstream::States> Upstream::states_with(const std::vector<std::int64_t>& versions) const {
  const auto found = known_.find(versions);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::string Upstream::put_event() const {
  std::string flags, segments;
  for (const auto& [path, version] : now_) {
    const UpstreamItem& item = items_.at(version);
    std::string& out = item.is_flag ? flags : segments;
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", item.key, item.json);
  }
  return fmt::format("event: put\ndata: {{\"path\":\"/\",\"data\":{{\"flags\":{{{}}},\"segments\":{{{}}}}}}}\n\n",
                     flags, segments);
}

std::string Upstream::patch_event(const std::string& path) const {
  return fmt::format("event: patch\ndata: {{\"path\":\"{}\",\"data\":{}}}\n\n", path, items_.at(now_.at(path)).json);
}

std::string Upstream::patch_of_any() {
  return patch_event(std::next(now_.begin(), static_cast<std::ptrdiff_t>(random_.below(now_.size())))->first);
}

void Upstream::change() {
  if (stormy_ && random_.below(5) == 0) tell_old();
  const bool is_flag = random_.below(4) != 0;
  const std::string key = is_flag ? flag_key(random_.below(kFlags)) : fmt::format("s{}", random_.below(kSegments));
  const std::string path = (is_flag ? "/flags/" : "/segments/") + key;
  if (random_.below(6) == 0 && now_.contains(path)) {
    now_.erase(path);
    remember();
    return tell(fmt::format("event: delete\ndata: {{\"path\":\"{}\",\"version\":{}}}\n\n", path, ++version_));
  }
  now_[path] = new_item(is_flag, key);
  remember();
  if (random_.below(5) == 0) return tell(put_event());
  tell(patch_event(path));
}

std::string Upstream::told_key() const {
  for (auto number = told_.rbegin(); number != told_.rend(); ++number)
    if (const ServedStreamFake& stream = transport_.stream(*number); stream.is_open())
      return stream.header("Authorization");
  return {};
}

// An item as it was once, or is: it changes nothing.
void Upstream::tell_old() {
  const auto old = std::next(items_.begin(), static_cast<std::ptrdiff_t>(random_.below(items_.size())));
  const UpstreamItem& item = old->second;
  const std::string path = fmt::format("/{}/{}", item.is_flag ? "flags" : "segments", item.key);
  // Of what was deleted before a connection began, nobody knows.
  if (!now_.contains(path)) return;
  tell(fmt::format("event: patch\ndata: {{\"path\":\"{}\",\"data\":{}}}\n\n", path, item.json));
}

void Upstream::set_away(bool away) {
  away_ = away;
  if (!away) return;
  for (std::size_t i = 0; i < transport_.opened(); ++i)
    if (ServedStreamFake& stream = transport_.stream(i); stream.is_open()) stream.end(TransportFault::reset, "away");
  told_.clear();
  unsent_.clear();
}

void Upstream::tell(const std::string& event) {
  for (const std::size_t stream : std::set(told_)) send(stream, event, !stormy_ || random_.below(20) != 0);
}

// A connection is answered after a while.
void Upstream::serve(ServedStreamFake&) {
  // Within open(): it is the last one.
  const std::size_t stream = transport_.opened() - 1;
  asked_us_.push_back(clock_.steady_us());
  while (asked_us_.front() <= clock_.steady_us() - 10 * kSecondUs) asked_us_.pop_front();
  most_in_ten_s_ = std::max(most_in_ten_s_, asked_us_.size());
  scheduler_.at(clock_.steady_us() + static_cast<std::int64_t>(random_.below(300 * kMsUs)),
                [this, stream] { begin(stream); });
}

void Upstream::begin(std::size_t number) {
  ServedStreamFake& stream = transport_.stream(number);
  if (!stream.is_open()) return;
  if (away_) return stream.end(TransportFault::connect, "refused");
  const std::uint64_t fate = stormy_ ? random_.below(25) : 100;
  switch (fate) {
    case 0:
      return stream.end(TransportFault::connect, "refused");
    case 1:
      return stream.end(TransportFault::reset, "reset");
    case 2:
      return expire_later(number, stream.request().request.timeout_ms + 1);  // never answers
    case 3:
    case 4: {
      static constexpr int kStatuses[] = {503, 500, 502, 429, 400, 204};
      stream.head(kStatuses[random_.below(std::size(kStatuses))], {});
      return stream.end();
    }
    case 5: {
      static constexpr int kFinal[] = {401, 403, 404};
      stream.head(kFinal[random_.below(std::size(kFinal))], {});
      return stream.end();
    }
    case 6:
      if (!asked_us_.empty()) asked_us_.pop_back();
      stream.head(307, {{"location", stream.request().request.url}});
      return stream.end();
    case 7:
      stream.head(200, {{"content-type", "text/html"}});
      stream.bytes("<html>");
      return stream.end();
    case 8:  // says nothing
      stream.event_stream();
      return expire_later(number, stream.request().idle_timeout_ms + 1);
    case 24:
      stream.event_stream();
      return talk_nonsense(number);
    default:
      break;
  }
  stream.event_stream();
  if (fate == 9) return send(number, "event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"a\":}}}\n\n", true);
  if (fate == 10 || fate == 13) send(number, patch_of_any(), true);  // what it missed, or a part of it
  if (fate == 11)
    send(number,
         "event: other\ndata: x\n\n:\n\nevent: patch\ndata: {\"path\":\"/models/m\",\"data\":{\"version\":1}}\n\n",
         true);
  if (fate == 12) send(number, "event: put\ndata: {\"path\":\"/\",\"data\":{\"segments\":{}}}\n\n", true);
  told_.insert(number);
  send(number, put_event(), fate > 14);
}

void Upstream::send(std::size_t number, std::string text, bool whole) {
  std::string& unsent = unsent_[number];
  const bool idle = unsent.empty();
  if (whole) {
    unsent += text;
  } else {
    // It breaks within.
    unsent += text.substr(0, random_.below(text.size()));
    told_.erase(number);
    unsent += '\0';
  }
  if (!idle && !unsent.empty()) return;
  const auto step = [this, number](const auto& self) -> void {
    const auto found = unsent_.find(number);
    if (found == unsent_.end() || found->second.empty()) return;
    ServedStreamFake& stream = transport_.stream(number);
    if (!stream.is_open()) {
      told_.erase(number);
      unsent_.erase(found);
      return;
    }
    std::string& rest = found->second;
    const std::size_t size = stormy_ ? 1 + random_.below(rest.size()) : rest.size();
    std::string piece = rest.substr(0, size);
    rest.erase(0, size);
    const std::size_t end = piece.find('\0');
    if (end != std::string::npos) {
      unsent_.erase(number);
      if (end > 0) stream.bytes(piece.substr(0, end));
      return stream.end(random_.below(2) == 0 ? TransportFault::none : TransportFault::reset, "cut");
    }
    stream.bytes(piece);
    if (!rest.empty())
      scheduler_.at(clock_.steady_us() + static_cast<std::int64_t>(random_.below(200 * kMsUs)), [self] { self(self); });
  };
  scheduler_.at(clock_.steady_us(), [step] { step(step); });
}

// Lines that are no events, until nobody listens.
void Upstream::talk_nonsense(std::size_t number) {
  ServedStreamFake& stream = transport_.stream(number);
  if (!stream.is_open()) return;
  stream.bytes("junk: 1\n<p>\n:\n");
  scheduler_.at(clock_.steady_us() + 500 * kMsUs, [this, number] { talk_nonsense(number); });
}

void Upstream::expire_later(std::size_t, std::int64_t ms) {
  scheduler_.at(clock_.steady_us() + ms * kMsUs, [this] { transport_.expire(); });
}

}  // namespace sluice::relay_simulation
