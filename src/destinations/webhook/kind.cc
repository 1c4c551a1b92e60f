#include "destinations/webhook/kind.h"

#include <fmt/format.h>

#include <utility>

#include "base/random.h"
#include "destinations/blocked_sink.h"
#include "destinations/webhook/form.h"
#include "destinations/webhook/receiver_check.h"
#include "destinations/webhook/receiver_help.h"
#include "destinations/webhook/settings.h"
#include "destinations/webhook/webhook_details.h"
#include "destinations/webhook/webhook_sink.h"
#include "http_client/url.h"

namespace sluice::webhook {
namespace {

using Json = nlohmann::ordered_json;
using exporting::SinkUse;

// The host alone: a path or query may hold a secret.
std::string host_of_url(const std::string& url) {
  return http_client::parse_url(url) ? http_client::host_header_of(url) : std::string();
}

class WebhookKind final : public destinations::DestinationKind {
 public:
  std::string_view name() const override { return "webhook"; }
  const catalog::CommonSettings& common() const override { return common_; }
  const std::vector<std::string>& secret_fields() const override { return secret_fields_; }

  catalog::KindReading read(config::TomlTable& table) const override {
    WebhookSettings settings = read_webhook_settings(table);
    catalog::KindReading reading;
    reading.ends_lines = false;  // the batch does that, where its format has lines
    reading.target = "webhook at " + host_of_url(settings.url);
    reading.settings = catalog::KindSettings::of(std::move(settings));
    return reading;
  }

  destinations::KindText text() const override {
    return {"Webhook", "Post batches of events to an HTTPS endpoint of yours, signed as Standard Webhooks says.",
            "http https post endpoint callback url api hmac", "webhook", "webhook"};
  }
  const destinations::Form& form() const override { return webhook_form(); }
  std::string default_name(const nlohmann::json& fields) const override {
    const auto url = fields.find("url");
    const std::string host = url != fields.end() && url->is_string() ? host_of_url(url->get<std::string>()) : "";
    return host.empty() ? text().title : host;
  }

  std::unique_ptr<exporting::Sink> make_sink(const catalog::Destination& destination,
                                             const destinations::KindParts& parts, Notifier& notifier,
                                             exporting::DeadLetterStore& dead_letters,
                                             const SinkUse& use) const override {
    WebhookSettings settings = settings_of(destination);
    for (const catalog::FieldFault& fault : faults_of(settings, parts.policy))
      return std::make_unique<destinations::BlockedSink>(fault.field + ": " + fault.message, parts.clock);
    if (use.purpose == SinkUse::Purpose::test_event) settings.linger_ms = 0;  // no other comes
    WebhookSinkOptions options;
    options.seed = Random::from_system().next();
    options.policy = parts.policy;
    options.recipient = destination.id.hex();
    if (use.purpose == SinkUse::Purpose::replay) options.recipient += " replay " + use.replay_id;
    return std::make_unique<WebhookSink>(settings, destination.name, parts.transport, parts.clock, notifier,
                                         dead_letters, std::move(options));
  }
  std::vector<catalog::FieldFault> forbidden_addresses(const catalog::KindSettings& settings,
                                                       const http_client::OutboundPolicy& policy) const override {
    return faults_of(settings.as<WebhookSettings>(), &policy);
  }

  std::vector<destinations::CheckStep> check(const catalog::Destination& destination,
                                             const destinations::KindParts& parts,
                                             const std::function<exporting::TestEventOutcome()>& put) const override {
    return check_receiver(destination, parts, put);
  }
  Result<Json> setup_help(const nlohmann::json& config, const destinations::KindParts&, bool draft) const override {
    return receiver_help(config, draft);
  }

  Json target_json(const catalog::Destination& destination) const override {
    return {{"host", host_of_url(settings_of(destination).url)}};
  }
  Json status_json(const exporting::DestinationStatus& status) const override {
    const WebhookDetails& details = webhook_details(status.pipeline.sink);
    return {{"lastHttpStatus", details.last_status != 0 ? Json(details.last_status) : Json(nullptr)},
            {"gone", details.gone}};
  }
  std::vector<destinations::KindMetric> metrics(const exporting::SinkStats& stats) const override {
    return {{"sluice_destination_last_http_status", "HTTP status of the receiver's last answer; 0: none yet",
             static_cast<double>(webhook_details(stats).last_status)}};
  }

 private:
  static std::vector<catalog::FieldFault> faults_of(const WebhookSettings& settings,
                                                    const http_client::OutboundPolicy* policy) {
    if (policy == nullptr) return {};
    const auto allowed = policy->check_url(settings.url);
    if (allowed) return {};
    return {{"url", allowed.error().message}};
  }

  const catalog::CommonSettings common_{};
  const std::vector<std::string> secret_fields_ = {"headers", "token", "password", "signing_secrets"};
};

}  // namespace

std::unique_ptr<const destinations::DestinationKind> webhook_kind() { return std::make_unique<WebhookKind>(); }

}  // namespace sluice::webhook
