#include "api/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/readiness.h"
#include "api/server_notes.h"
#include "base/text.h"
#include "export/describe.h"

namespace sluice::api {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(std::int64_t ms) { return ms > 0 ? Json(iso_time_ms(ms)) : Json(nullptr); }

// The files of all credentials' shares: ID.ndjson, ID-mobile.ndjson, ID-client.ndjson, and the older one of each.
std::string dead_letter_pattern(const exporting::DestinationStatus& status) {
  return status.dead_letter_path.substr(0, status.dead_letter_path.rfind('.')) + "*.ndjson";
}

Json status_problem_json(const exporting::Problem& problem) {
  return {{"code", problem.code},
          {"message", problem.message},
          {"remedy", problem.remedy},
          {"requestId", problem.request_id},
          {"since", time_or_null(problem.since_ms)},
          {"lastSeen", time_or_null(problem.last_seen_ms)},
          {"times", problem.times},
          {"nextTry", time_or_null(problem.next_try_ms)}};
}

Json journal_json(const journal::JournalStats& stats, std::int64_t now_ms) {
  return {
      {"storedBytes", stats.stored_bytes},
      {"capacityBytes", stats.capacity_bytes},
      {"freeBytes", stats.free_bytes},
      {"overMaxBytes", stats.over_max_bytes},
      {"segments", stats.segments},
      {"spareSegments", stats.spare_segments},
      {"oldestAgeMs", stats.oldest_received_ms > 0 ? std::max<std::int64_t>(now_ms - stats.oldest_received_ms, 0) : 0},
      {"damagedRegions", stats.damaged_regions},
      {"damagedBytes", stats.damaged_bytes},
      {"tornBytes", stats.torn_bytes},
      {"missingEntries", stats.missing_entries}};
}

// What is remembered of flags, by the most trusted credential that they were seen with.
Json flags_json(const flags::FlagRegistry& registry) {
  const flags::FlagUsages usages = registry.usage();
  Json all = Json::object();
  for (std::size_t i = 0; i < kCredentialKinds; ++i)
    all[std::string(credential_kind_name(static_cast<CredentialKind>(i)))] = {
        {"bytes", usages[i].bytes},
        {"limitBytes", usages[i].limit_bytes},
        {"evicted", usages[i].evicted},
        {"notRemembered", usages[i].not_remembered},
        {"valuesNotKept", usages[i].values_not_kept}};
  return all;
}

std::uint64_t rotated_out(const exporting::DestinationStatus& status) {
  std::uint64_t letters = 0;
  for (const exporting::RotatedLetters& share : status.rotated_out) letters += share.letters;
  return letters;
}

// Destinations that the catalog does not know, and whose files are kept for when it does.
Json set_aside_json(const exporting::Exporter& exporter) {
  Json list = Json::array();
  for (const exporting::SetAsideDestination& each : exporter.set_aside_destinations())
    list.push_back({{"id", each.id.hex()},
                    {"name", each.name},
                    {"since", time_or_null(each.since_ms)},
                    {"kind", each.kind},
                    {"eventsKeptUntil", time_or_null(each.kept_until_ms)},
                    {"payloadsKept", each.wants_payloads ? Json(each.keeps_payloads) : Json(nullptr)}});
  return list;
}

Json server_notes_json(const ServerView& view) {
  Json list = Json::array();
  for (const ServerNote& note : server_notes(view))
    list.push_back({{"code", note.code}, {"message", note.message}, {"remedy", note.remedy}});
  return list;
}

// Who a destination is and what it delivers to: how every description of one begins.
Json identity_json(const catalog::Destination& destination, const destinations::DestinationKind& kind) {
  Json out = {{"id", destination.id.hex()},         {"name", destination.name},
              {"project", destination.project_key}, {"environment", destination.environment_key},
              {"kind", destination.kind},           {"target", destination.target}};
  out.update(kind.target_json(destination));
  return out;
}

}  // namespace

Json destination_status_json(const exporting::DestinationStatus& status, const destinations::KindList& kinds,
                             std::int64_t now_ms) {
  const catalog::Destination& destination = status.destination;
  const exporting::PipelineStatus& pipeline = status.pipeline;
  const destinations::DestinationKind& kind = kinds.of(destination);
  Json replay = nullptr;
  if (status.replay) replay = replay_json(*status.replay);
  Json problem = nullptr;
  if (pipeline.problem) {
    problem = status_problem_json(*pipeline.problem);
    problem["remedy"] = kind.remedy(*pipeline.problem, status);
  }
  Json retried = Json::object();
  for (const auto& [code, count] : pipeline.sink.retried_by_code) retried[code] = count;
  Json notes = Json::array();
  for (const exporting::Problem& note : pipeline.notes) notes.push_back(status_problem_json(note));
  Json out = identity_json(destination, kind);
  out.update({{"on", destination.on},
              {"state", exporting::destination_state_name(status.state)},
              {"since", time_or_null(status.state_since_ms)},
              {"needsPerson", status.state == exporting::DestinationState::blocked},
              {"summary", exporting::describe(status, now_ms)},
              {"problem", std::move(problem)},
              {"notes", notes},
              {"backlog",
               {{"events", pipeline.balance.waiting},
                {"bytes", pipeline.waiting_bytes},
                {"oldestAgeMs", status.oldest_waiting_age_ms}}},
              {"acceptedEvents", pipeline.balance.accepted},
              {"deliveredEvents", pipeline.balance.delivered},
              {"deliveredBytes", pipeline.delivered_bytes},
              {"deadLetteredEvents", pipeline.balance.dead_lettered},
              {"deadLettersRotatedOut", rotated_out(status)},
              {"deadLetterBytes", status.dead_letter_bytes ? Json(*status.dead_letter_bytes) : Json(nullptr)},
              {"deadLetterFile", pipeline.balance.dead_lettered > 0 && status.dead_letter_bytes.value_or(1) > 0
                                     ? Json(dead_letter_pattern(status))
                                     : Json(nullptr)},
              {"filteredEvents", pipeline.balance.filtered},
              {"missingEvents", pipeline.balance.missing},
              {"acceptedPerSecond", status.accepted_per_s},
              {"deliveredPerSecond", status.delivered_per_s},
              {"lastDelivery", time_or_null(status.last_delivery_ms)},
              {"recordsSent", pipeline.sink.records_sent},
              {"retriedRecordsByCode", retried},
              {"callsInFlight", pipeline.sink.calls_in_flight}});
  out.update(kind.status_json(status));
  out["replay"] = std::move(replay);
  return out;
}

Json replay_json(const exporting::ReplayStatus& status) {
  return {{"from", status.replay.range.from_ms},
          {"to", status.replay.range.to_ms},
          {"startedAt", status.replay.range.started_ms},
          {"state", exporting::replay_state_name(status.state)},
          {"deliveredEvents", status.delivered_events},
          {"deadLetteredEvents", status.dead_lettered_events},
          {"bytes", status.replay.bytes},
          {"fraction", status.fraction},
          {"problem", status.problem ? status_problem_json(*status.problem) : Json(nullptr)}};
}

Json brief_status_json(const ServerView& view) {
  const std::int64_t now_ms = view.clock.wall_ms();
  const catalog::CatalogPointer catalog = view.catalog.current();
  const std::string reason = not_ready_because(view);
  const auto journal_status = view.journal.status();
  Json environments = Json::array();
  for (const catalog::Environment& environment :
       catalog ? catalog->environments() : std::vector<catalog::Environment>()) {
    const journal::EnvironmentMark mark = journal_status->mark(environment.id);
    environments.push_back({{"id", environment.id.hex()},
                            {"project", environment.project_key},
                            {"environment", environment.key},
                            {"eventsReceived", event::event_total(mark.appended)},
                            {"lastEvent", mark.last_received_ms > 0 ? Json(mark.last_received_ms) : Json(nullptr)}});
  }
  Json destinations = Json::array();
  for (const exporting::DestinationStatus& status : view.exporter.status()) {
    const catalog::Destination& destination = status.destination;
    Json line = identity_json(destination, view.kinds.of(destination));
    line.update({{"on", destination.on},
                 {"state", exporting::destination_state_name(status.state)},
                 {"since", time_or_null(status.state_since_ms)},
                 {"needsPerson", status.state == exporting::DestinationState::blocked},
                 {"summary", exporting::describe(status, now_ms)},
                 {"backlog",
                  {{"events", status.pipeline.balance.waiting},
                   {"bytes", status.pipeline.waiting_bytes},
                   {"oldestAgeMs", status.oldest_waiting_age_ms}}},
                 {"acceptedPerSecond", status.accepted_per_s},
                 {"deliveredPerSecond", status.delivered_per_s},
                 {"lastDelivery", time_or_null(status.last_delivery_ms)}});
    destinations.push_back(std::move(line));
  }
  const journal::JournalStats& journal = journal_status->stats;
  Json journal_part = journal_json(journal, now_ms);
  const double bytes_per_s = journal_status->bytes_per_s;
  journal_part["bytesPerSecond"] = bytes_per_s;
  journal_part["fullInMs"] =
      bytes_per_s < 1 ? Json(nullptr)
                      : Json(static_cast<std::int64_t>(static_cast<double>(journal.free_bytes) / bytes_per_s * 1000));
  const http::HttpServer* intake = view.intake_listener;
  return {{"version", SLUICE_VERSION},
          {"state", phase_name(view.phase)},
          {"ready", reason.empty()},
          {"reason", reason},
          {"started", iso_time_ms(view.started_ms)},
          {"uptimeMs", now_ms - view.started_ms},
          {"intake", {{"address", intake != nullptr ? Json(intake->address()) : Json(nullptr)}}},
          {"journal", std::move(journal_part)},
          {"environments", std::move(environments)},
          {"destinations", std::move(destinations)},
          {"setAside", set_aside_json(view.exporter)},
          {"notes", server_notes_json(view)}};
}

std::string full_status_json(const ServerView& view) {
  const std::int64_t now_ms = view.clock.wall_ms();
  const catalog::CatalogPointer catalog = view.catalog.current();
  Json destinations = Json::array();
  const exporting::DestinationList all = view.exporter.status();
  for (const exporting::DestinationStatus& status : all)
    destinations.push_back(destination_status_json(status, view.kinds, now_ms));
  const std::string reason = not_ready_because(view);
  const Json body = {{"version", SLUICE_VERSION},
                     {"state", phase_name(view.phase)},
                     {"ready", reason.empty()},
                     {"reason", reason},
                     {"started", iso_time_ms(view.started_ms)},
                     {"uptimeMs", now_ms - view.started_ms},
                     {"asOfMs", all.as_of_ms()},
                     {"projects", catalog ? catalog->projects().size() : 0},
                     {"environments", catalog ? catalog->environments().size() : 0},
                     {"journal", journal_json(view.journal.status()->stats, now_ms)},
                     {"flags", flags_json(view.flags)},
                     {"destinations", destinations},
                     {"setAside", set_aside_json(view.exporter)},
                     {"notes", server_notes_json(view)}};
  return body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::api
