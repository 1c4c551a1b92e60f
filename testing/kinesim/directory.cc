#include "kinesim/directory.h"

#include <algorithm>

#include "base/base64.h"
#include "base/random.h"

namespace kinesim {
namespace {

constexpr std::size_t kMostSessions = 10'000;
constexpr std::int64_t kKeepExpiredMs = 3'600'000;  // so that a late user of them is told "expired", as by AWS

std::string random_text(std::string_view prefix, std::size_t size, std::string_view alphabet) {
  std::string bytes(size, '\0');
  sluice::random_secret_bytes(bytes.data(), bytes.size());
  std::string out(prefix);
  for (const char c : bytes) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

constexpr std::string_view kKeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string random_token() {
  std::string bytes(180, '\0');
  sluice::random_secret_bytes(bytes.data(), bytes.size());
  std::string out = "IQoJb3JpZ2luX2Vj";
  sluice::base64_append(out, bytes);
  return out;
}

}  // namespace

std::string role_name(std::string_view role_arn) {
  const auto slash = role_arn.rfind('/');
  return std::string(slash == role_arn.npos ? role_arn : role_arn.substr(slash + 1));
}

std::string_view arn_account(std::string_view arn) {
  for (int colon = 0; colon < 4; ++colon) {
    const auto at = arn.find(':');
    if (at == arn.npos) return {};
    arn.remove_prefix(at + 1);
  }
  return arn.substr(0, arn.find(':'));
}

void Directory::put_identity(Identity identity) {
  Principal principal;
  principal.access_key = identity.access_key;
  principal.secret_key = identity.secret_key;
  principal.arn = identity.arn;
  principal.policy = identity.policy;
  const std::lock_guard lock(mutex_);
  principals_[identity.access_key] = std::make_shared<const Principal>(std::move(principal));
  identities_[identity.access_key] = std::move(identity);
}

void Directory::put_role(Role role) {
  const std::lock_guard lock(mutex_);
  // Sessions that exist are judged by the role's new policy, as by AWS.
  for (auto& [key, principal] : principals_) {
    if (principal->role_arn != role.arn) continue;
    auto changed = std::make_shared<Principal>(*principal);
    changed->policy = role.policy;
    principal = std::move(changed);
  }
  roles_[role.arn] = std::move(role);
}

bool Directory::remove_identity(const std::string& access_key) {
  const std::lock_guard lock(mutex_);
  principals_.erase(access_key);
  return identities_.erase(access_key) != 0;
}

bool Directory::remove_role(const std::string& arn) {
  const std::lock_guard lock(mutex_);
  std::erase_if(principals_, [&](const auto& entry) { return entry.second->role_arn == arn; });
  return roles_.erase(arn) != 0;
}

std::optional<Role> Directory::role(const std::string& arn) const {
  const std::lock_guard lock(mutex_);
  const auto found = roles_.find(arn);
  return found == roles_.end() ? std::nullopt : std::optional(found->second);
}

std::shared_ptr<const Principal> Directory::find(std::string_view access_key) const {
  const std::lock_guard lock(mutex_);
  const auto found = principals_.find(std::string(access_key));
  return found == principals_.end() ? nullptr : found->second;
}

std::vector<Identity> Directory::identities() const {
  const std::lock_guard lock(mutex_);
  std::vector<Identity> out;
  for (const auto& [key, identity] : identities_) out.push_back(identity);
  return out;
}

std::vector<Role> Directory::roles() const {
  const std::lock_guard lock(mutex_);
  std::vector<Role> out;
  for (const auto& [arn, role] : roles_) out.push_back(role);
  return out;
}

SessionCredentials Directory::open_session(const Role& role, const std::string& session_name, std::int64_t now_ms,
                                           std::int64_t lifetime_ms, std::optional<Policy> session_policy) {
  const std::lock_guard lock(mutex_);
  forget_long_expired(now_ms);
  SessionCredentials out;
  out.access_key = random_text("ASIA", 16, kKeyLetters);
  out.secret_key = random_text("", 40, kSecretLetters);
  out.token = random_token();
  // Whole seconds, as the answer tells it.
  out.expires_ms = (now_ms + (session_lifetime_ms_ > 0 ? session_lifetime_ms_ : lifetime_ms)) / 1000 * 1000;
  out.assumed_role_arn = "arn:aws:sts::" + std::string(arn_account(role.arn)) + ":assumed-role/" + role_name(role.arn) +
                         "/" + session_name;
  out.assumed_role_id = "AROAKINESIM0000000000:" + session_name;
  Principal principal;
  principal.access_key = out.access_key;
  principal.secret_key = out.secret_key;
  principal.token = out.token;
  principal.arn = out.assumed_role_arn;
  principal.role_arn = role.arn;
  principal.expires_ms = out.expires_ms;
  principal.policy = role.policy;
  principal.session_policy = std::move(session_policy);
  principals_[out.access_key] = std::make_shared<const Principal>(std::move(principal));
  return out;
}

void Directory::forget_long_expired(std::int64_t now_ms) {
  if (principals_.size() < kMostSessions) return;
  std::erase_if(principals_, [&](const auto& entry) {
    return entry.second->expires_ms != 0 && entry.second->expires_ms + kKeepExpiredMs < now_ms;
  });
}

void Directory::set_session_lifetime_ms(std::int64_t lifetime_ms) {
  const std::lock_guard lock(mutex_);
  session_lifetime_ms_ = lifetime_ms;
}

std::size_t Directory::expire_sessions(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (auto& [key, principal] : principals_) {
    if (principal->expires_ms == 0) continue;
    auto changed = std::make_shared<Principal>(*principal);
    changed->expires_ms = std::min(changed->expires_ms, now_ms - 1);
    principal = std::move(changed);
    ++count;
  }
  return count;
}

std::size_t Directory::forget_sessions() {
  const std::lock_guard lock(mutex_);
  return std::erase_if(principals_, [](const auto& entry) { return entry.second->expires_ms != 0; });
}

}  // namespace kinesim
