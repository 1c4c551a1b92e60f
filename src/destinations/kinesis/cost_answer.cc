#include "destinations/kinesis/cost_answer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/counted.h"
#include "base/text.h"

namespace sluice::kinesis {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(const CostField& field, CostNames names) {
  return names == CostNames::query ? field.query : field.flag;
}

std::optional<double> number_of(std::string_view text, CostNames names) {
  double unit = 1;
  if (names == CostNames::flags && !text.empty()) {
    switch (text.back()) {
      case 'k':
      case 'K':
        unit = 1e3;
        break;
      case 'M':
        unit = 1e6;
        break;
      case 'G':
        unit = 1e9;
        break;
      case 'T':
        unit = 1e12;
        break;
      default:
        break;
    }
    if (unit > 1) text.remove_suffix(1);
  }
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number * unit;
}

std::string limit_text(double limit) {
  return limit < 1 ? fmt::format("{}", limit) : grouped(static_cast<std::uint64_t>(limit));
}

// Reads one question's texts; the first fault ends it.
class QuestionReader {
 public:
  QuestionReader(const std::map<std::string, std::string>& texts, CostNames names) : texts_(texts), names_(names) {}

  Result<std::optional<double>> number(std::string_view query) const {
    const CostField& field = field_of(query);
    const std::string text = text_of(field);
    if (text.empty()) return std::optional<double>();
    const auto number = number_of(text, names_);
    if (number && *number >= field.least && *number <= field.most) return number;
    return fail(fmt::format("{}: \"{}\" is not valid; expected a number{} from {} to {}.", name_of(field, names_), text,
                            names_ == CostNames::flags && field.most > 1e6 ? ", such as 250000, 10M or 1.5G," : "",
                            limit_text(field.least), limit_text(field.most)));
  }

  Result<std::optional<framing::Encoding>> encoding() const {
    const CostField& field = field_of("encoding");
    const std::string text = text_of(field);
    if (text.empty()) return std::optional<framing::Encoding>();
    if (const auto encoding = framing::encoding_named(text)) return encoding;
    return fail(fmt::format("{}: \"{}\" is not valid; expected {}.", name_of(field, names_), text,
                            fmt::join(framing::kEncodingNames, ", ")));
  }

  Result<std::optional<CapacityMode>> mode() const {
    const CostField& field = field_of("mode");
    const std::string text = text_of(field);
    if (text.empty()) return std::optional<CapacityMode>();
    if (names_ == CostNames::query) {
      if (const auto mode = capacity_mode_named(text)) return mode;
      return fail(fmt::format("{}: \"{}\" is not valid; expected PROVISIONED or ON_DEMAND.", field.query, text));
    }
    if (text == "provisioned") return CapacityMode::provisioned;
    if (text == "on-demand") return CapacityMode::on_demand;
    return fail(fmt::format("{}: \"{}\" is not valid; expected provisioned or on-demand.", field.flag, text));
  }

  const char* name(std::string_view query) const { return name_of(field_of(query), names_); }

 private:
  static const CostField& field_of(std::string_view query) {
    for (const CostField& field : kCostFields)
      if (field.query == query) return field;
    return kCostFields[0];
  }
  std::string text_of(const CostField& field) const {
    const auto found = texts_.find(field.query);
    return found == texts_.end() ? std::string() : found->second;
  }

  const std::map<std::string, std::string>& texts_;
  const CostNames names_;
};

std::uint64_t whole(double number) { return static_cast<std::uint64_t>(std::round(number)); }

// $12.05, $9,871: cents are left out where they do not matter.
std::string dollars(double usd) { return usd < 100 ? fmt::format("${:.2f}", usd) : "$" + grouped(whole(usd)); }

Json item_json(const StreamCost& cost) {
  return {{"encoding", framing::encoding_name(cost.encoding)},
          {"mode", capacity_mode_name(cost.mode)},
          {"eventsPerRecord", cost.record.events},
          {"bytesPerRecord", cost.record.bytes},
          {"recordsPerMonth", std::round(cost.records_per_month)},
          {"putUnitsPerMonth", std::round(cost.put_units_per_month)},
          {"peakRecordsPerSecond", cost.peak_records_per_s},
          {"peakBytesPerSecond", cost.peak_bytes_per_s},
          {"shards", cost.mode == CapacityMode::on_demand ? Json(nullptr) : Json(cost.shards)},
          {"capacityPerMonthUsd", whole_cents(cost.capacity_usd)},
          {"volumePerMonthUsd", whole_cents(cost.volume_usd)},
          {"perMonthUsd", whole_cents(cost.usd())}};
}

}  // namespace

Result<CostQuestion> cost_question(const std::map<std::string, std::string>& texts, CostNames names) {
  const QuestionReader reader(texts, names);
  CostQuestion question;
  Traffic& traffic = question.traffic;
  const auto month = reader.number("eventsPerMonth");
  if (!month) return tl::unexpected(month.error());
  const auto second = reader.number("eventsPerSecond");
  if (!second) return tl::unexpected(second.error());
  const auto peak = reader.number("peakEventsPerSecond");
  if (!peak) return tl::unexpected(peak.error());
  traffic.peak_events_per_s = *peak;
  struct Other {
    const char* name;
    double Traffic::*member;
  };
  for (const auto& [name, member] :
       {Other{"bytesPerEvent", &Traffic::bytes_per_event}, Other{"compressionRatio", &Traffic::compression_ratio},
        Other{"fill", &Traffic::fill}}) {
    const auto number = reader.number(name);
    if (!number) return tl::unexpected(number.error());
    if (*number) traffic.*member = **number;
  }
  const auto encoding = reader.encoding();
  if (!encoding) return tl::unexpected(encoding.error());
  const auto mode = reader.mode();
  if (!mode) return tl::unexpected(mode.error());
  question.encoding = *encoding;
  question.mode = *mode;
  // Last: a value that is wrong is told before one that is missing.
  if (month->has_value() == second->has_value())
    return fail(fmt::format("{} or {}: {}; expected one of them.", reader.name("eventsPerMonth"),
                            reader.name("eventsPerSecond"), *month ? "Both are given" : "Both are missing"));
  traffic.events_per_month = *month ? **month : **second * kSecondsPerMonth;
  // A destination's status gives its peak in hundredths: a steady rate's may be that much below its mean.
  if (*peak && **peak + 0.01 < traffic.mean_events_per_s())
    return fail(fmt::format("{}: \"{}\" is less than the mean, {:.6g} events a second; expected at least that.",
                            reader.name("peakEventsPerSecond"), **peak, traffic.mean_events_per_s()));
  return question;
}

Json cost_answer_json(const CostQuestion& question) {
  const Traffic& traffic = question.traffic;
  Json items = Json::array();
  for (std::size_t i = 0; i < framing::kEncodingNames.size(); ++i) {
    const auto encoding = static_cast<framing::Encoding>(i);
    if (question.encoding && *question.encoding != encoding) continue;
    for (const CapacityMode mode : kCapacityModes)
      if (!question.mode || *question.mode == mode) items.push_back(item_json(stream_cost(traffic, encoding, mode)));
  }
  return {{"eventsPerMonth", std::round(traffic.events_per_month)},
          {"meanEventsPerSecond", traffic.mean_events_per_s()},
          {"peakEventsPerSecond", traffic.peak()},
          {"bytesPerEvent", traffic.bytes_per_event},
          {"compressionRatio", traffic.compression_ratio},
          {"fill", traffic.fill},
          {"shardsByRule", shards_by_rule(traffic.events_per_month)},
          {"items", std::move(items)},
          {"asOf", kPricesAsOf},
          {"source", kPricesFrom},
          {"note", "Without reading, retention beyond a day, enhanced fan-out, AWS KMS and data transfer."}};
}

destinations::CostTable cost_table(const Json& answer) {
  const double mean = answer.value("meanEventsPerSecond", 0.0), peak = answer.value("peakEventsPerSecond", 0.0);
  destinations::CostTable table;
  table.head = fmt::format("{} a month of {} B: mean {}/s, peak {}/s. Compressed {:.3g} times. Rule of thumb: {}.",
                           counted(whole(answer.value("eventsPerMonth", 0.0)), "event"),
                           grouped(whole(answer.value("bytesPerEvent", 0.0))), grouped(whole(mean)),
                           grouped(whole(peak)), answer.value("compressionRatio", 1.0),
                           counted(answer.value("shardsByRule", std::uint64_t{1}), "shard"));
  table.rows = {{"ENCODING", "MODE", "EVENTS/RECORD", "SHARDS", "CAPACITY", "VOLUME", "A MONTH"}};
  for (const Json& item : answer["items"]) {
    const bool provisioned = item["mode"] == "PROVISIONED";
    table.rows.push_back({item.value("encoding", ""), provisioned ? "provisioned" : "on-demand",
                          grouped(whole(item.value("eventsPerRecord", 1.0))),
                          provisioned ? grouped(item.value("shards", std::uint64_t{1})) : "-",
                          dollars(item.value("capacityPerMonthUsd", 0.0)),
                          dollars(item.value("volumePerMonthUsd", 0.0)), dollars(item.value("perMonthUsd", 0.0))});
  }
  table.foot = fmt::format("List prices of {} ({}); other regions differ. {}", answer.value("asOf", ""),
                           answer.value("source", ""), answer.value("note", ""));
  return table;
}

Result<Json> KinesisCost::answer(const std::map<std::string, std::string>& texts, CostNames names) const {
  const auto question = cost_question(texts, names);
  if (!question) return tl::unexpected(question.error());
  return cost_answer_json(*question);
}

std::string_view KinesisCost::examples() const {
  return "Examples:\n"
         "  sluice cost --events-per-month 1G --bytes-per-event 400\n"
         "  sluice cost --events-per-second 10k --encoding ndjson+zstd --mode on-demand\n\n"
         "Encodings: json, ndjson, ndjson+gzip, ndjson+zstd, kpl.\n"
         "docs/cost.md explains how it is computed.";
}

}  // namespace sluice::kinesis
