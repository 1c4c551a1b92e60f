// Who may do what: long-lived identities (users with access keys), roles, and the sessions that STS and the metadata
// endpoints issue for roles. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kinesim/policy.h"

namespace kinesim {

struct Identity {
  std::string access_key;
  std::string secret_key;
  std::string arn;               // arn:aws:iam::123456789012:user/name
  std::optional<Policy> policy;  // none: everything is allowed
};

struct WebIdentityTrust {
  std::string issuer, subject, audience;  // patterns; empty: any
};

struct Role {
  std::string arn;
  std::string external_id;           // empty: none is demanded
  std::vector<std::string> trusted;  // ARNs or access keys, with * and ?; empty: any identity of the simulator
  std::optional<WebIdentityTrust> web_identity;
  std::int64_t max_session_s = 3600;  // MaxSessionDuration
  std::optional<Policy> policy;       // none: everything is allowed
};

struct SessionCredentials {
  std::string access_key, secret_key, token;
  std::int64_t expires_ms = 0;
  std::string assumed_role_arn;  // arn:aws:sts::123456789012:assumed-role/role/session
  std::string assumed_role_id;   // AROA…:session
};

// What a request's access key stands for.
struct Principal {
  std::string access_key, secret_key;
  std::string token;             // what x-amz-security-token must be; empty: none
  std::string arn;               // user or assumed role
  std::string role_arn;          // of a session
  std::int64_t expires_ms = 0;   // of a session; 0: never
  std::optional<Policy> policy;  // of the user or the role
  std::optional<Policy> session_policy;
};

class Directory {
 public:
  explicit Directory(std::string account) : account_(std::move(account)) {}
  const std::string& account() const { return account_; }

  // Each replaces one of the same access key or ARN.
  void put_identity(Identity identity);
  void put_role(Role role);
  bool remove_identity(const std::string& access_key);
  bool remove_role(const std::string& arn);

  std::optional<Role> role(const std::string& arn) const;
  std::shared_ptr<const Principal> find(std::string_view access_key) const;
  std::vector<Identity> identities() const;
  std::vector<Role> roles() const;

  // Issues credentials for a role's session. With `lifetime_ms` overridden (set_session_lifetime_ms), they live that
  // long whatever was asked for.
  SessionCredentials open_session(const Role& role, const std::string& session_name, std::int64_t now_ms,
                                  std::int64_t lifetime_ms, std::optional<Policy> session_policy);
  void set_session_lifetime_ms(std::int64_t lifetime_ms);
  // Every session issued so far counts as expired from now on. Returns how many.
  std::size_t expire_sessions(std::int64_t now_ms);
  // Every session issued so far becomes unknown.
  std::size_t forget_sessions();

 private:
  void forget_long_expired(std::int64_t now_ms);

  const std::string account_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Identity> identities_;
  std::unordered_map<std::string, Role> roles_;
  std::unordered_map<std::string, std::shared_ptr<const Principal>> principals_;  // by access key
  std::int64_t session_lifetime_ms_ = 0;
};

// "role/path/name" of arn:aws:iam::1:role/path/name without the path: "name".
std::string role_name(std::string_view role_arn);
// The account of an ARN; empty when it is none.
std::string_view arn_account(std::string_view arn);

}  // namespace kinesim
