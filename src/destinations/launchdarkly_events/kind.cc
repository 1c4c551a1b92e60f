#include "destinations/launchdarkly_events/kind.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <utility>

#include "base/random.h"
#include "destinations/blocked_sink.h"
#include "destinations/launchdarkly_events/answer.h"
#include "destinations/launchdarkly_events/forward.h"
#include "destinations/launchdarkly_events/settings.h"
#include "destinations/launchdarkly_events/tee_check.h"
#include "destinations/launchdarkly_events/tee_sink.h"
#include "http_client/url.h"

namespace sluice::launchdarkly_events {
namespace {

using Json = nlohmann::ordered_json;
using destinations::FieldType;
using destinations::KindParts;

// Of all destinations of this kind; an SDK sends one when it starts and one every 15 minutes. A host gets 32
// connections: 24 for payloads of three credentials with 8 calls each, and these.
constexpr std::size_t kMostUnstored = 8;

destinations::Form make_form() {
  destinations::Form form;
  form.groups = {{"site", "LaunchDarkly",
                  "Payloads are kept in the journal as SDKs sent them while this destination exists: "
                  "the journal takes about twice the disk."},
                 {"details", "Details", "Addresses, age, diagnostics"}};
  form.fields = {
      {.key = "site",
       .flag = "--site",
       .label = "Site",
       .help = "The LaunchDarkly instance that the SDK keys of this environment belong to.",
       .type = FieldType::choice,
       .group = "site",
       .default_value = "launchdarkly.com",
       .choices = {{"launchdarkly.com", "launchdarkly.com", "The commercial instance."},
                   {"eu.launchdarkly.com", "eu.launchdarkly.com", "The EU instance."},
                   {"launchdarkly.us", "launchdarkly.us", "The federal instance."}}},
      {.key = "eventsUri",
       .flag = "--events-uri",
       .label = "Events address",
       .help = "Instead of the site's, such as a Relay Proxy that forwards events.",
       .group = "details",
       .example = "https://events.launchdarkly.com"},
      {.key = "mobileUri",
       .flag = "--mobile-uri",
       .label = "Mobile events address",
       .help = "For payloads of mobile SDKs. If empty: the events address, or the site's.",
       .group = "details",
       .example = "https://mobile.launchdarkly.com"},
      {.key = "maxAge",
       .flag = "--max-age",
       .label = "Oldest payload",
       .help = "Older payloads go to the dead letters: LaunchDarkly would count them at the wrong time.",
       .type = FieldType::duration,
       .group = "details",
       .default_value = "7 d"},
      {.key = "diagnostics",
       .flag = "--diagnostics",
       .label = "Diagnostic events",
       .help = "Forward SDKs' diagnostic events too, as they come; they are not stored.",
       .type = FieldType::boolean,
       .group = "details",
       .default_value = "true"},
      {.key = "maxCallsInFlight",
       .flag = "--max-calls-in-flight",
       .label = "Calls in flight",
       .help = "At most, for each kind of credential, 1 to 64.",
       .type = FieldType::number,
       .group = "details",
       .default_value = "8"},
  };
  form.target = {"eventsUri", "site"};
  return form;
}

// Of a destination that is off: all zero.
const TeeDetails& tee_details(const exporting::SinkStats& stats) {
  static const TeeDetails none;
  const auto* details = dynamic_cast<const TeeDetails*>(stats.details.get());
  return details != nullptr ? *details : none;
}

class TeeKind final : public destinations::DestinationKind {
 public:
  std::string_view name() const override { return "launchdarkly-events"; }
  const catalog::CommonSettings& common() const override { return common_; }
  const std::vector<std::string>& secret_fields() const override { return secret_fields_; }

  catalog::KindReading read(config::TomlTable& table) const override {
    TeeSettings settings = read_tee_settings(table);
    catalog::KindReading reading;
    reading.target = http_client::host_of(settings.events_uri);
    reading.ends_lines = false;
    reading.wants_originals = true;
    reading.settings = catalog::KindSettings::of(std::move(settings));
    return reading;
  }

  destinations::KindText text() const override {
    return {"LaunchDarkly events",
            "Forward every payload to LaunchDarkly as the SDK sent it: its insights, experiments and contexts stay "
            "complete.",
            "tee insights experimentation forward copy", "tee", "launchdarkly-events"};
  }
  const destinations::Form& form() const override { return form_; }
  std::string default_name(const nlohmann::json&) const override { return text().title; }

  std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination, const KindParts& parts,
                                             Notifier& notifier, exporting::DeadLetterStore& dead_letters,
                                             const exporting::SinkUse&) const override {
    if (parts.policy != nullptr)
      if (const auto faults = forbidden_addresses(destination.settings, *parts.policy); !faults.empty())
        return std::make_unique<destinations::BlockedSink>(faults.front().field + ": " + faults.front().message,
                                                           parts.clock);
    return std::make_unique<TeeSink>(destination, parts.transport, parts.policy, parts.catalog, parts.tracking,
                                     parts.clock, notifier, dead_letters, Random::from_system().next());
  }
  void forward_unstored(const catalog::Destination& destination, const KindParts& parts, CredentialKind credential,
                        const std::string& original) const override;
  std::vector<catalog::FieldFault> forbidden_addresses(const catalog::KindSettings& settings,
                                                       const http_client::OutboundPolicy& policy) const override {
    const auto& tee = settings.as<TeeSettings>();
    std::vector<catalog::FieldFault> faults;
    for (const auto& [field, uri] : {std::pair{"events_uri", &tee.events_uri}, {"mobile_uri", &tee.mobile_uri}})
      if (const auto checked = policy.check_url(*uri); !checked) faults.push_back({field, checked.error().message});
    return faults;
  }

  std::vector<destinations::CheckStep> check(const catalog::Destination& destination, const KindParts& parts,
                                             const std::function<exporting::TestEventOutcome()>& put) const override {
    return check_tee(destination, parts, put);
  }
  Result<Json> setup_help(const nlohmann::json&, const KindParts&, bool) const override {
    return Json{{"environmentKeys",
                 "Give the environment the SDK key, the mobile key and, as its id, the client-side id that it has at "
                 "LaunchDarkly. Payloads are forwarded under these."},
                {"sdk",
                 "In the SDK, set only the events address to Sluice's intake (eventsUri, or events in its service "
                 "endpoints). Flags still come from LaunchDarkly: leave the stream and base addresses as they are."},
                {"network", "Allow https from Sluice to the events address and the mobile events address."}};
  }

  Json target_json(const catalog::Destination& destination) const override {
    return {{"eventsUri", settings_of(destination).events_uri}};
  }
  Json status_json(const exporting::DestinationStatus& status) const override {
    Json lanes = Json::array();
    const TeeDetails& details = tee_details(status.pipeline.sink);
    for (const LaneDetails& lane : details.lanes)
      lanes.push_back({{"credential", credential_kind_name(lane.kind)},
                       {"payloads", lane.payloads},
                       {"problem", lane.problem ? Json(lane.problem->message) : Json(nullptr)}});
    return {{"lanes", std::move(lanes)}, {"cutEvents", details.cut_events}};
  }
  std::vector<destinations::KindMetric> metrics(const exporting::SinkStats& stats) const override {
    return {{"sluice_destination_cut_events_total",
             "Events that LaunchDarkly would not have got without flag delivery, cut out of forwarded payloads",
             static_cast<double>(tee_details(stats).cut_events), true}};
  }

 private:
  const catalog::CommonSettings common_{
      false,
      false,
      false,
      false,
      false,
      false,
      "It forwards payloads as SDKs sent them, and LaunchDarkly would count a payload that is changed, or sent again, "
      "wrongly."};
  const std::vector<std::string> secret_fields_ = {};
  const destinations::Form form_ = make_form();
  // Diagnostic events on their way: a service that does not answer must not fill the memory.
  const std::shared_ptr<std::atomic<std::size_t>> unstored_ = std::make_shared<std::atomic<std::size_t>>(0);
};

void TeeKind::forward_unstored(const catalog::Destination& destination, const KindParts& parts,
                               CredentialKind credential, const std::string& original) const {
  const TeeSettings& settings = settings_of(destination);
  if (!settings.diagnostics || unstored_->load() >= kMostUnstored) return;
  if (parts.policy != nullptr && !forbidden_addresses(destination.settings, *parts.policy).empty()) return;
  const catalog::CatalogPointer catalog = parts.catalog();
  const catalog::Environment* environment = catalog ? catalog->environment(destination.environment_id) : nullptr;
  const std::string key = environment == nullptr ? std::string() : credential_of(*environment, credential);
  const auto read = event::read_original(original);
  if (key.empty() || !read) return;
  http_client::HttpRequest request =
      forward_request(*read, std::string(read->body), "", settings.uri_for(credential), credential, key);
  request.policy = parts.policy;
  ++*unstored_;
  parts.transport.send(std::move(request), [count = unstored_](const http_client::HttpResponse&) { --*count; });
}

}  // namespace

std::unique_ptr<const destinations::DestinationKind> launchdarkly_events_kind() { return std::make_unique<TeeKind>(); }

}  // namespace sluice::launchdarkly_events
