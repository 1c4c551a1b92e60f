#include "api/metrics.h"

#include <array>

#include "api/metric_families.h"
#include "api/server_notes.h"

namespace sluice::api {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

// Upper bounds in seconds, from bounds in another unit.
template <std::size_t N>
std::array<double, N> in_seconds(const std::int64_t (&bounds)[N], double per_second) {
  std::array<double, N> seconds{};
  for (std::size_t i = 0; i < N; ++i) seconds[i] = static_cast<double>(bounds[i]) / per_second;
  return seconds;
}

void add_sink(MetricFamilies& out, const exporting::SinkStats& sink, const MetricLabels& labels) {
  out.counter("sluice_destination_calls_total", "Calls to the destination, answered or failed", number(sink.calls),
              labels);
  out.counter("sluice_destination_calls_failed_total", "Calls to the destination that failed as a whole",
              number(sink.calls_failed), labels);
  out.counter("sluice_destination_records_sent_total", "Records in calls, each attempt counted",
              number(sink.records_sent), labels);
  out.counter("sluice_destination_answer_anomalies_total",
              "Answers that did not match their call: the call was sent again", number(sink.answer_anomalies), labels);
  for (const auto& [code, count] : sink.retried_by_code) {
    MetricLabels with_code = labels;
    with_code.emplace_back("code", code);
    out.counter("sluice_destination_retried_records_total", "Records sent again, by the code of the refusal",
                number(count), with_code);
  }
  out.gauge("sluice_destination_calls_in_flight", "Calls on their way", number(sink.calls_in_flight), labels);
  static const auto bounds = in_seconds(exporting::kCallBucketsUs, 1e6);
  // The sink's histogram is cumulative; the layer below wants counts of each bucket.
  std::vector<std::uint64_t> counts;
  std::uint64_t below = 0;
  for (const std::uint64_t cumulative : sink.call_us_histogram) {
    counts.push_back(cumulative - below);
    below = cumulative;
  }
  if (!counts.empty())
    out.histogram("sluice_destination_call_seconds", "Time from sending a call to its answer", bounds, counts,
                  number(sink.call_us_total) / 1e6, labels);
}

void add_destination(MetricFamilies& out, const exporting::DestinationStatus& status,
                     const destinations::DestinationKind& kind, const catalog::CatalogSnapshot* catalog) {
  const catalog::Destination& destination = status.destination;
  const catalog::Environment* environment = catalog ? catalog->environment(destination.environment_id) : nullptr;
  const MetricLabels labels = {{"destination", destination.id.hex()},
                               {"name", destination.name},
                               {"project", environment ? environment->project_key : ""},
                               {"environment", environment ? environment->key : ""}};
  const exporting::PipelineStatus& pipeline = status.pipeline;
  out.counter("sluice_destination_accepted_events_total", "Events journaled for the destination, over its life",
              number(pipeline.balance.accepted), labels);
  out.counter("sluice_destination_delivered_events_total", "Events that the destination has acknowledged",
              number(pipeline.balance.delivered), labels);
  out.counter("sluice_destination_dead_lettered_events_total", "Events that the destination can never take",
              number(pipeline.balance.dead_lettered), labels);
  out.counter("sluice_destination_filtered_events_total", "Events of its kinds that the destination's filter excluded",
              number(pipeline.balance.filtered), labels);
  out.counter("sluice_destination_missing_events_total",
              "Events that the journal no longer has: damaged on disk, or expired while the destination was off",
              number(pipeline.balance.missing), labels);
  out.gauge("sluice_destination_waiting_events", "Events journaled and not yet delivered or dead-lettered",
            number(pipeline.balance.waiting), labels);
  out.gauge("sluice_destination_waiting_bytes", "Bytes of journal entries that still wait",
            number(pipeline.waiting_bytes), labels);
  out.gauge("sluice_destination_oldest_seconds", "Age of the oldest undelivered event",
            static_cast<double>(status.oldest_waiting_age_ms) / 1000, labels);
  out.counter("sluice_destination_delivered_bytes_total", "Bytes of records delivered",
              number(pipeline.delivered_bytes), labels);
  out.counter("sluice_destination_dead_lettered_bytes_total", "Bytes of records dead-lettered",
              number(pipeline.dead_lettered_bytes), labels);
  if (status.dead_letter_bytes)
    out.gauge("sluice_destination_dead_letter_bytes", "Bytes of dead letters that are kept now, to be tried again",
              number(*status.dead_letter_bytes), labels);
  for (std::size_t i = 0; i < kCredentialKinds; ++i) {
    MetricLabels with_credential = labels;
    with_credential.emplace_back("credential", credential_kind_name(static_cast<CredentialKind>(i)));
    out.counter("sluice_destination_dead_letters_rotated_out_total",
                "Dead letters removed because the share of their kind of credential was full, oldest first",
                number(status.rotated_out[i].letters), with_credential);
  }
  if (status.replay) {
    out.gauge("sluice_destination_replay_delivered_events", "Events that the last replay delivered",
              number(status.replay->delivered_events), labels);
    out.gauge("sluice_destination_replay_dead_lettered_events",
              "Events of the last replay that the destination refused: in its dead letters",
              number(status.replay->dead_lettered_events), labels);
  }
  for (const exporting::DestinationState state :
       {exporting::DestinationState::delivering, exporting::DestinationState::idle, exporting::DestinationState::behind,
        exporting::DestinationState::waiting, exporting::DestinationState::blocked, exporting::DestinationState::off}) {
    MetricLabels with_state = labels;
    with_state.emplace_back("state", exporting::destination_state_name(state));
    out.gauge("sluice_destination_state", "1 for the state that the destination is in (docs/states-and-remedies.md)",
              status.state == state ? 1 : 0, with_state);
  }
  static const auto bounds = in_seconds(exporting::kLatencyBucketsMs, 1e3);
  out.histogram("sluice_destination_delivery_seconds",
                "Time from receipt to acknowledgement by the destination, per event", bounds, pipeline.latency_counts,
                number(pipeline.latency_sum_ms) / 1e3, labels);
  add_sink(out, pipeline.sink, labels);
  for (const destinations::KindMetric& metric : kind.metrics(pipeline.sink)) {
    if (metric.counts)
      out.counter(metric.name, metric.help, metric.value, labels);
    else
      out.gauge(metric.name, metric.help, metric.value, labels);
  }
}

void add_journal(MetricFamilies& out, const journal::JournalStats& stats) {
  out.counter("sluice_journal_entries_total", "Entries made durable", number(stats.appended_entries));
  out.counter("sluice_journal_events_total", "Events made durable", number(stats.appended_events));
  out.counter("sluice_journal_bytes_total", "Bytes of entries made durable", number(stats.appended_bytes));
  out.counter("sluice_journal_deduplicated_entries_total", "Payloads that had been stored before",
              number(stats.deduplicated_entries));
  out.counter("sluice_journal_deduplicated_events_total", "Events of payloads that had been stored before",
              number(stats.deduplicated_events));
  out.counter("sluice_journal_reused_payload_ids_total",
              "Payloads stored under a payload id that another payload had with other events, at least",
              number(stats.reused_ids));
  out.counter("sluice_journal_refused_total", "Entries refused", number(stats.refused_full), {{"reason", "full"}});
  out.counter("sluice_journal_refused_total", "Entries refused", number(stats.refused_overloaded),
              {{"reason", "overloaded"}});
  out.counter("sluice_journal_syncs_total", "fdatasync calls", number(stats.syncs));
  out.counter("sluice_journal_sync_seconds_total", "Time spent in fdatasync", number(stats.sync_us_total) / 1e6);
  out.gauge("sluice_journal_sync_seconds_max", "Longest fdatasync since the start", number(stats.sync_us_max) / 1e6);
  out.gauge("sluice_journal_segments", "Segment files", number(stats.segments), {{"use", "entries"}});
  out.gauge("sluice_journal_segments", "Segment files", number(stats.spare_segments), {{"use", "spare"}});
  out.gauge("sluice_journal_stored_bytes", "Bytes of segments that hold entries", number(stats.stored_bytes));
  out.gauge("sluice_journal_capacity_bytes", "What the journal may take: its limit, or what the disk has",
            number(stats.capacity_bytes));
  out.gauge("sluice_journal_over_max_bytes",
            "What the journal has beyond journal.max_bytes, which was lowered while events waited for destinations",
            number(stats.over_max_bytes));
  out.gauge("sluice_journal_free_bytes", "What can be appended before payloads are answered 503",
            number(stats.free_bytes));
  out.counter("sluice_journal_damaged_regions_total", "Stretches of the journal that were damaged and stepped over",
              number(stats.damaged_regions));
  out.counter("sluice_journal_damaged_bytes_total", "Bytes of those", number(stats.damaged_bytes));
  out.gauge("sluice_journal_missing_entries",
            "Payloads that were acknowledged and are gone, with segments that were removed, cut or damaged",
            number(stats.missing_entries));
  out.gauge("sluice_journal_torn_bytes", "Bytes cut from the journal's end at the start: never acknowledged",
            number(stats.torn_bytes));
}

void add_intake(MetricFamilies& out, const intake::IntakeMetrics& intake, const catalog::CatalogSnapshot* catalog) {
  const intake::IntakeTotals totals = intake.totals();
  const auto payloads = [&](std::string_view result, std::uint64_t count) {
    out.counter("sluice_payloads_total", "Payloads of SDKs, by what became of them", number(count),
                {{"result", std::string(result)}});
  };
  payloads("accepted", totals.payloads_accepted);
  payloads("deduplicated", totals.payloads_deduplicated);
  payloads("empty", totals.payloads_empty);
  out.counter("sluice_payloads_received_total", "Payloads received from SDKs with a known key",
              number(totals.payloads_received));
  for (std::size_t i = 0; i < intake::kRefusals; ++i)
    out.counter("sluice_payloads_rejected_total", "Requests that were not answered 2xx, by reason",
                number(totals.refused[i]),
                {{"reason", std::string(intake::refusal_name(static_cast<intake::Refusal>(i)))}});
  out.counter("sluice_events_accepted_total", "Events made durable", number(totals.events_accepted));
  out.counter("sluice_events_deduplicated_total", "Events of payloads that had been stored before",
              number(totals.events_deduplicated));
  out.counter("sluice_events_not_exported_total", "Evaluations of flags that are not selected for export: not stored",
              number(totals.events_not_exported));
  for (std::size_t i = 0; i < event::kUnusableReasons; ++i)
    out.counter("sluice_events_unusable_total",
                "Events made durable but exported nowhere, because they are not valid events, by reason",
                number(totals.events_unusable[i]),
                {{"reason", std::string(event::unusable_reason_name(static_cast<event::UnusableReason>(i)))}});
  out.counter("sluice_intake_dead_letters_total", "Unusable events written to the dead letters of intake",
              number(totals.dead_letters));
  out.counter("sluice_intake_dead_letters_dropped_total",
              "Unusable events that were only counted, because they could not be written to the file",
              number(totals.dead_letters_dropped));
  out.counter("sluice_payload_bytes_received_total", "Bytes of payloads as sent", number(totals.bytes_received));
  out.counter("sluice_payload_bytes_inflated_total", "Bytes of payloads after inflation",
              number(totals.bytes_inflated));
  static const auto bounds = [] {
    auto seconds = intake::kLatencyBoundsMs;
    for (double& bound : seconds) bound /= 1000;
    return seconds;
  }();
  out.histogram("sluice_intake_answer_seconds", "Time from a complete payload to its 202", bounds, totals.latency,
                number(totals.latency_us_sum) / 1e6);
  out.counter("sluice_diagnostics_total", "Diagnostic events of SDKs", number(totals.diagnostics));
  for (const intake::DiagnosticTotals& sdk : intake.diagnostics()) {
    const catalog::Environment* environment = catalog ? catalog->environment(sdk.environment) : nullptr;
    const MetricLabels labels = {{"project", environment ? environment->project_key : ""},
                                 {"environment", environment ? environment->key : ""},
                                 {"sdk", sdk.sdk}};
    out.counter("sluice_sdk_starts_total", "SDKs that said they started", number(sdk.starts), labels);
    out.counter("sluice_sdk_reports_total", "Diagnostic reports of SDKs", number(sdk.reports), labels);
    out.counter("sluice_sdk_dropped_events_total", "Events that SDKs dropped before sending, as they say",
                number(sdk.dropped_events), labels);
  }
}

void add_flags(MetricFamilies& out, const flags::FlagRegistry& registry) {
  const flags::FlagUsages usages = registry.usage();
  for (std::size_t i = 0; i < kCredentialKinds; ++i) {
    const flags::FlagUsage& usage = usages[i];
    const MetricLabels labels = {{"credential", std::string(credential_kind_name(static_cast<CredentialKind>(i)))}};
    out.gauge("sluice_flags_bytes", "Bytes of memory of flags seen, by the most trusted credential they were seen with",
              number(usage.bytes), labels);
    out.counter("sluice_flags_evicted_total", "Flags seen that made room for newer ones", number(usage.evicted),
                labels);
    out.counter("sluice_flags_not_remembered_total",
                "Lookups of flags for which there was no room; they are exported as the owner chose all the same",
                number(usage.not_remembered), labels);
    out.counter("sluice_flags_values_not_kept_total", "Evaluations whose new variation was not kept for want of room",
                number(usage.values_not_kept), labels);
  }
}

void add_flag_feed(MetricFamilies& out, const relay::FlagFeedStatus& feed, const catalog::Environment& environment) {
  const MetricLabels labels = {
      {"project", environment.project_key}, {"environment", environment.key}, {"filter", feed.filter}};
  const auto with = [&](const char* name, const char* value) {
    MetricLabels more = labels;
    more.emplace_back(name, value);
    return more;
  };
  const char* const kStreamsHelp = "Open streams of SDKs that take flags: of servers, or of mobile apps and browsers";
  out.gauge("sluice_relay_streams", kStreamsHelp, number(feed.streams), with("kind", "server"));
  out.gauge("sluice_relay_streams", kStreamsHelp, number(feed.ping_streams), with("kind", "client"));
  const std::string_view now = relay::feed_state_name(feed.state());
  for (const relay::FeedState state : relay::kFeedStates) {
    const std::string_view name = relay::feed_state_name(state);
    out.gauge("sluice_relay_source_state", "1 for the state that the flag source is in (docs/relay.md)",
              name == now ? 1 : 0, with("state", std::string(name).c_str()));
  }
  out.gauge("sluice_relay_flags", "Flags that SDKs are served", number(feed.flags), labels);
  out.gauge("sluice_relay_unreadable_flags",
            "Flags that are exported and are served as they came, as their data could not be read",
            number(feed.unreadable), labels);
  if (feed.changed_ms > 0)
    out.gauge("sluice_relay_last_change_timestamp_seconds", "When the source last changed a flag, since 1970",
              static_cast<double>(feed.changed_ms) / 1000, labels);
}

void add_evaluations(MetricFamilies& out, const relay::EvaluationStatus& evaluations,
                     const catalog::Environment& environment) {
  const MetricLabels labels = {{"project", environment.project_key}, {"environment", environment.key}};
  const auto with = [&](const char* name, const char* value) {
    MetricLabels more = labels;
    more.emplace_back(name, value);
    return more;
  };
  out.gauge("sluice_relay_evaluations_failing",
            "1 while the flag source answers no evaluations for mobile apps and browsers",
            evaluations.state == relay::EvaluationState::failing ? 1 : 0, labels);
  const char* const kHelp = "Evaluations for mobile apps and browsers that the flag source was asked for";
  out.counter("sluice_relay_evaluations_total", kHelp, number(evaluations.answered), with("result", "answered"));
  out.counter("sluice_relay_evaluations_total", kHelp, number(evaluations.failed), with("result", "failed"));
}

void add_relay(MetricFamilies& out, const ServerView& view, const catalog::CatalogSnapshot* catalog) {
  if (view.client_requests != nullptr) {
    out.counter("sluice_relay_unreadable_answers_total",
                "Evaluations for mobile apps and browsers that could not be read, and were passed on as they came",
                number(view.client_requests->unreadable()));
    out.gauge("sluice_relay_unsent_answer_bytes",
              "Evaluations for mobile apps and browsers that they have not read yet",
              number(view.client_requests->unsent().bytes()));
    out.counter("sluice_relay_refused_answers_total",
                "Evaluations that were not delivered, as too many of the same key or address were not read yet",
                number(view.client_requests->unsent().refused()));
  }
  if (view.relay == nullptr || catalog == nullptr) return;
  for (const catalog::Environment& environment : catalog->environments()) {
    if (environment.flag_source.kind == catalog::FlagSource::Kind::none) continue;
    for (const relay::FlagFeedStatus& feed : view.relay->status(environment.id)) add_flag_feed(out, feed, environment);
    if (view.client_requests != nullptr && environment.flag_source.kind == catalog::FlagSource::Kind::launchdarkly)
      add_evaluations(out, view.client_requests->health().status(environment), environment);
  }
}

void add_listener(MetricFamilies& out, const http::HttpServerStats& stats) {
  out.gauge("sluice_connections", "Open connections of SDKs", number(stats.connections_open));
  out.gauge("sluice_streams", "Open streams of SDKs, which are not among the connections", number(stats.streams_open));
  out.counter("sluice_connections_total", "Connections of SDKs", number(stats.connections_accepted),
              {{"result", "accepted"}});
  out.counter("sluice_connections_total", "Connections of SDKs", number(stats.connections_refused),
              {{"result", "refused"}});
  for (std::size_t i = 0; i < http::kCuts; ++i)
    out.counter("sluice_connection_cuts_total", "Connections and requests of SDKs that Sluice ended by itself",
                number(stats.cuts[i]), {{"reason", std::string(http::cut_name(static_cast<http::Cut>(i)))}});
  out.gauge("sluice_buffered_bytes", "Bytes of bodies held by connections", number(stats.buffered_bytes));
}

}  // namespace

std::string metrics_text(const ServerView& view) {
  const catalog::CatalogPointer catalog = view.catalog.current();
  MetricFamilies out;
  out.gauge("sluice_build_info", "1, with the version", 1, {{"version", SLUICE_VERSION}});
  out.gauge("sluice_start_time_seconds", "When the process started, since 1970",
            static_cast<double>(view.started_ms) / 1000);
  add_intake(out, view.intake, catalog.get());
  add_flags(out, view.flags);
  add_relay(out, view, catalog.get());
  if (const http::HttpServer* listener = view.intake_listener.load()) add_listener(out, listener->stats());
  add_journal(out, view.journal.status()->stats);
  for (const ServerNote& note : server_notes(view))
    out.gauge("sluice_note", "1 for what is wrong with the server itself; GET /status says what to do", 1,
              {{"code", note.code}});
  out.gauge("sluice_set_aside_destinations",
            "Destinations that the catalog does not know, with files in set-aside/ of the data directory",
            number(view.exporter.set_aside_destinations().size()));
  for (const exporting::DestinationStatus& status : view.exporter.status())
    add_destination(out, status, view.kinds.of(status.destination), catalog.get());
  return out.text();
}

}  // namespace sluice::api
