#include "intake/seen_sdks.h"

#include <algorithm>
#include <functional>

#include "intake/sdk_headers.h"

namespace sluice::intake {
namespace {

constexpr std::string_view kOfBrowsers = "Mozilla/";  // every browser's own user agent begins so

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

std::string_view cut(std::string_view text) { return text.substr(0, kMaxSdkTextBytes); }

std::size_t index_of(CredentialKind credential) { return static_cast<std::size_t>(credential); }

}  // namespace

SdkName sdk_name(std::string_view user_agent, std::string_view wrapper) {
  SdkName out;
  out.wrapper = printable(cut(wrapper));
  user_agent = cut(user_agent);
  if (user_agent.starts_with(kOfBrowsers)) return out;
  const std::size_t slash = user_agent.find('/');
  out.name = printable(user_agent.substr(0, slash));
  if (slash == std::string_view::npos) return out;
  const std::string_view version = user_agent.substr(slash + 1);
  out.version = printable(version.substr(0, version.find_first_of(" (;,/")));
  return out;
}

SeenSdkLine SeenSdk::line() const {
  SeenSdkLine line;
  line.sdk = sdk_;
  line.credential = credential_;
  line.first_seen_ms = first_seen_ms_;
  line.last_seen_ms = last_seen_ms();
  line.sent_events_ms = sent_events_ms_.load(std::memory_order_relaxed);
  line.asked_flags_ms = asked_flags_ms_.load(std::memory_order_relaxed);
  line.streamed_ms = streamed_ms_.load(std::memory_order_relaxed);
  line.streams = streams();
  line.asks_values_only = values_only_.load(std::memory_order_relaxed);
  return line;
}

bool SeenSdks::make_room(Share& share) {
  auto oldest = share.end();
  for (auto at = share.begin(); at != share.end(); ++at)
    if (at->second->streams() == 0 &&
        (oldest == share.end() || at->second->last_seen_ms() < oldest->second->last_seen_ms()))
      oldest = at;
  if (oldest == share.end()) return false;
  oldest->second->gone_.store(true, std::memory_order_relaxed);
  share.erase(oldest);
  return true;
}

std::shared_ptr<SeenSdk> SeenSdks::find(ObjectId environment, CredentialKind credential, const SdkName& sdk,
                                        std::int64_t now_ms) {
  if (credential == CredentialKind::none) return nullptr;
  const std::lock_guard lock(mutex_);
  OfEnvironment& of = environments_[environment];
  Share& share = of.shares[index_of(credential)];
  if (const auto known = share.find(sdk); known != share.end()) return known->second;
  std::size_t& count = counts_[index_of(credential)];
  if (share.size() >= kMaxSeenSdks || count >= kMaxSeenSdksOfKind) {
    ++of.forgotten;
    if (!make_room(share)) return nullptr;
    --count;
  }
  ++count;
  return share.emplace(sdk, std::make_shared<SeenSdk>(sdk, credential, now_ms)).first->second;
}

std::vector<SeenSdkLine> SeenSdks::list(ObjectId environment, std::int64_t now_ms) const {
  std::vector<SeenSdkLine> lines;
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  if (found == environments_.end()) return lines;
  for (const Share& share : found->second.shares)
    for (const auto& [name, sdk] : share) {
      lines.push_back(sdk->line());
      if (lines.back().streams > 0) lines.back().last_seen_ms = now_ms;
    }
  return lines;
}

std::uint64_t SeenSdks::forgotten(ObjectId environment) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(environment);
  return found == environments_.end() ? 0 : found->second.forgotten;
}

std::shared_ptr<SeenSdk> SeenSdkCache::shared_of(const http::HttpRequest& request, ObjectId environment,
                                                 CredentialKind credential, std::int64_t now_ms) {
  const std::string_view agent = cut(user_agent(request)), wrapper = cut(request.header("X-LaunchDarkly-Wrapper"));
  const std::hash<std::string_view> hash;
  const std::size_t place = (hash(agent) + 31 * hash(wrapper) + ObjectIdHash{}(environment) + index_of(credential));
  Slot& slot = slots_[place % kSlots];
  const bool known = slot.sdk && slot.environment == environment && slot.credential == credential &&
                     slot.user_agent == agent && slot.wrapper == wrapper && !slot.sdk->gone();
  if (!known)
    slot = {environment, credential, std::string(agent), std::string(wrapper),
            sdks_.find(environment, credential, sdk_name(agent, wrapper), now_ms)};
  return slot.sdk;
}

SeenSdk* SeenSdkCache::of(const http::HttpRequest& request, ObjectId environment, CredentialKind credential,
                          std::int64_t now_ms) {
  return shared_of(request, environment, credential, now_ms).get();  // its slot keeps it
}

}  // namespace sluice::intake
