#include "intake/authentication.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "intake/sdk_headers.h"

namespace sluice::intake {
namespace {

// Enough to recognise a key, too little to use it.
std::string key_ending(std::string_view key) {
  return key.size() < 12 ? std::string("…") : "…" + std::string(key.substr(key.size() - 4));
}

tl::unexpected<Refused> refused(Refusal refusal, std::string message) {
  return tl::unexpected(Refused{refusal, std::move(message)});
}

}  // namespace

tl::expected<const catalog::Environment*, Refused> Authenticator::authenticate(const catalog::CatalogSnapshot* catalog,
                                                                               const Route& route,
                                                                               const http::HttpRequest& request,
                                                                               std::int64_t now_us) {
  if (catalog == nullptr)
    return refused(Refusal::catalog_not_loaded, "Sluice is starting and knows no keys yet; send it again in a second.");
  if (!route.browser()) return by_key(*catalog, route, request, now_us);
  if (const catalog::Environment* environment = catalog->by_client_side_id(route.client_side_id)) return environment;
  if (const auto left_out = unknown_.pass(now_us, log_interval_ms_))
    log_warn(
        "intake.unknown_environment",
        {{"message",
          "An SDK uses a client-side id that no environment has. It may have stopped sending; restart it after the "
          "id is right."},
         {"peer", request.peer},
         {"client_side_id", route.client_side_id.substr(0, kLoggedText)},
         {"sdk", user_agent(request).substr(0, kLoggedText)},
         {"lines_left_out", *left_out}});
  return refused(Refusal::unknown_environment, "No environment has the client-side id in this path.");
}

const catalog::Environment* Authenticator::find(const catalog::CatalogSnapshot& catalog, const Route& route,
                                                const http::HttpRequest& request) {
  if (route.browser()) return catalog.by_client_side_id(route.client_side_id);
  const std::string_view key = credential_of(request);
  if (key.empty()) return nullptr;
  return route.credential == CredentialKind::mobile_key ? catalog.by_mobile_key(key) : catalog.by_sdk_key(key);
}

tl::expected<const catalog::Environment*, Refused> Authenticator::by_key(const catalog::CatalogSnapshot& catalog,
                                                                         const Route& route,
                                                                         const http::HttpRequest& request,
                                                                         std::int64_t now_us) {
  const std::string_view key = credential_of(request);
  const bool mobile = route.credential == CredentialKind::mobile_key;
  if (key.empty())
    return refused(Refusal::no_credential, mobile ? "Expected a mobile key in the Authorization header."
                                                  : "Expected an SDK key in the Authorization header.");
  if (const auto* environment = find(catalog, route, request)) return environment;
  const bool other_kind = (mobile ? catalog.by_sdk_key(key) : catalog.by_mobile_key(key)) != nullptr;
  if (const auto left_out = unknown_.pass(now_us, log_interval_ms_))
    log_warn(
        "intake.unknown_key",
        {{"message", other_kind ? "An SDK sends a mobile key where an SDK key is due, or the other way round. It has "
                                  "now stopped sending; restart it after the key is right."
                                : "An SDK uses a key which no environment has. It has now stopped sending; restart "
                                  "it after the key is right."},
         {"peer", request.peer},
         {"key_ends_in", key_ending(key)},
         {"sdk", user_agent(request).substr(0, kLoggedText)},
         {"lines_left_out", *left_out}});
  return refused(Refusal::unknown_credential,
                 mobile ? "No environment has this mobile key." : "No environment has this SDK key.");
}

}  // namespace sluice::intake
