// Where an environment's flags come from, how flag delivery is doing, and which SDKs were seen.
#include <fmt/format.h>

#include "api/rest_resources.h"
#include "api/sdk_view.h"
#include "base/text.h"
#include "http_client/url.h"
#include "relay/client_requests.h"
#include "relay/relay.h"

namespace sluice::api {
namespace {

void put_time(RestJson& out, const char* member, std::int64_t at_ms) {
  if (at_ms > 0) out[member] = at_ms;
}

RestJson feed_json(const relay::FlagFeedStatus& feed) {
  RestJson out = {{"filter", feed.filter}, {"state", relay::feed_state_name(feed.state())}};
  put_time(out, "since", feed.since_ms);
  put_time(out, "lastChange", feed.changed_ms);
  out["flags"] = feed.flags;
  out["segments"] = feed.segments;
  out["unreadableFlags"] = feed.unreadable;
  out["fromDisk"] = feed.from_disk;
  out["ofFormerSource"] = feed.of_former;
  out["streams"] = feed.streams;
  out["pingStreams"] = feed.ping_streams;
  if (!feed.problem.empty()) out["problem"] = {{"message", feed.problem}, {"remedy", feed.remedy}};
  return out;
}

RestJson evaluations_json(const relay::EvaluationStatus& evaluations) {
  RestJson out = {{"state", relay::evaluation_state_name(evaluations.state)}};
  put_time(out, "since", evaluations.since_ms);
  put_time(out, "lastAnswered", evaluations.answered_ms);
  out["answered"] = evaluations.answered;
  out["failed"] = evaluations.failed;
  if (evaluations.failure)
    out["problem"] = {{"message", evaluations.failure.reason}, {"remedy", evaluations.failure.remedy}};
  return out;
}

RestResult<const catalog::Environment*> environment_named(const catalog::CatalogSnapshot& catalog,
                                                          const RestCall& call) {
  if (const catalog::Environment* const environment = catalog.environment(call.path[0], call.path[1]))
    return environment;
  if (catalog.project(call.path[0]) == nullptr)
    return not_found(fmt::format("There is no project with the key \"{}\".", call.path[0]));
  return not_found(
      fmt::format("The project \"{}\" has no environment with the key \"{}\".", call.path[0], call.path[1]));
}

// Where the flags come from, as it is in force.
void put_addresses(const catalog::FlagSource& source, RestJson& out) {
  if (source.kind == catalog::FlagSource::Kind::launchdarkly) {
    out["streamUri"] = source.stream_uri;
    out["clientBaseUri"] = source.client_base_uri;
  }
  if (source.kind == catalog::FlagSource::Kind::files) out["files"] = source.files;
}

}  // namespace

RestOutcome flag_source_status(const ServerView& view, const RestCall& call) {
  const catalog::CatalogPointer catalog = view.catalog.current();
  const auto found = environment_named(*catalog, call);
  if (!found) return tl::unexpected(found.error());
  const catalog::Environment& environment = **found;
  RestJson feeds = RestJson::array();
  if (view.relay != nullptr)
    for (const relay::FlagFeedStatus& feed : view.relay->status(environment.id)) feeds.push_back(feed_json(feed));
  const std::string self = fmt::format("/api/v2/projects/{}/environments/{}/flag-source", call.path[0], call.path[1]);
  RestJson out = {{"_links", {{"self", rest_link(self)}}},
                  {"flagSource", catalog::flag_source_name(environment.flag_source.kind)}};
  put_addresses(environment.flag_source, out);
  if (view.client_requests != nullptr && environment.flag_source.kind == catalog::FlagSource::Kind::launchdarkly)
    out["evaluations"] = evaluations_json(view.client_requests->health().status(environment));
  out["feeds"] = std::move(feeds);
  return RestAnswer{200, std::move(out)};
}

RestOutcome list_sdks(const ServerView& view, const RestCall& call) {
  const catalog::CatalogPointer catalog = view.catalog.current();
  const auto found = environment_named(*catalog, call);
  if (!found) return tl::unexpected(found.error());
  const catalog::Environment& environment = **found;
  const std::int64_t now_ms = view.clock.wall_ms();
  RestJson items = RestJson::array();
  for (const intake::SeenSdkLine& sdk : view.intake.sdks.list(environment.id, now_ms))
    items.push_back(sdk_json(sdk, environment.flag_source.kind, now_ms));
  const std::string self = fmt::format("/api/v2/projects/{}/environments/{}/sdks", call.path[0], call.path[1]);
  return RestAnswer{200,
                    {{"_links", {{"self", rest_link(self)}}},
                     {"since", view.started_ms},
                     {"totalCount", items.size()},
                     {"forgotten", view.intake.sdks.forgotten(environment.id)},
                     {"items", std::move(items)}}};
}

RestResult<void> check_flag_source(const RestContext& context, const nlohmann::json& fields) {
  if (context.kind_parts.policy == nullptr) return {};
  for (const auto& [field, member] :
       {std::pair{"flag_stream_uri", "flagStreamUri"}, {"flag_base_uri", "flagBaseUri"}}) {
    const nlohmann::json uri = fields.value(field, nlohmann::json());
    if (!uri.is_string()) continue;
    const std::string url = http_client::with_lower_scheme(uri.get<std::string>());
    if (!http_client::parse_url(url)) continue;  // the catalog says what is wrong with it
    if (const auto good = context.kind_parts.policy->check_url(url); !good)
      return invalid(fmt::format("{}: {}", member, good.error().message));
  }
  return {};
}

}  // namespace sluice::api
