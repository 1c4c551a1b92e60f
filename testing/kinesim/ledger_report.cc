#include "kinesim/ledger_report.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostListedMissing = 100;
constexpr std::uint64_t kMostInRange = 1'000'000'000;

Answer text_answer(std::string body, std::string_view type, unsigned status = 200) {
  Answer answer;
  answer.status = status;
  answer.content_type = type;
  answer.body = std::move(body);
  return answer;
}
Answer ledger_answer(const Json& json, unsigned status = 200) {
  return text_answer(json.dump(2) + "\n", "application/json", status);
}

std::string parameter(const Form& query, std::string_view name, std::string_view otherwise) {
  const auto found = query.find(name);
  return found == query.end() ? std::string(otherwise) : found->second;
}

std::vector<std::shared_ptr<Stream>> chosen(const Simulator& simulator, const Form& query) {
  const std::string name = parameter(query, "stream", "");
  if (name.empty()) return simulator.streams();
  auto stream = simulator.find_stream(name);
  if (!stream) return {};
  return {std::move(stream)};
}

Json counts_of(const Ledger& ledger, const LedgerSettings& settings) {
  Json out = {{"records", ledger.counts.records},
              {"bytes", ledger.counts.bytes},
              {"records_without_id", ledger.counts.records_without_id},
              {"first_ms", ledger.counts.first_ms},
              {"last_ms", ledger.counts.last_ms},
              {"ids", Json::object()}};
  for (std::size_t field = 0; field < ledger.ids.size(); ++field) {
    const IdSet& set = ledger.ids[field];
    out["ids"][settings.fields[field]] = {
        {"total", set.unique() + set.duplicates()}, {"unique", set.unique()}, {"duplicates", set.duplicates()}};
  }
  return out;
}

void append_ids(const IdSet& set, std::size_t first_part, std::size_t end_part, std::string& out) {
  for (std::size_t part = first_part; part < end_part; ++part)
    set.visit_part(part, [&](const sluice::ObjectId& id, std::uint64_t count) {
      out.append(id.hex()).append(" ").append(std::to_string(count)).append("\n");
    });
}

// Of the shards from first_part to end_part alone, all parts counted: a large ledger does not fit into one answer.
void append_records(const Stream& stream, std::size_t first_part, std::size_t end_part, std::string& out) {
  for (const auto& shard : stream.shards()) {
    const std::size_t part = shard.index % IdSet::kParts;
    if (part < first_part || part >= end_part) continue;
    stream.visit_shard(shard.index, [&](const Shard& full) {
      for (const auto& record : full.stored) {
        std::string data;
        sluice::base64_append(data, record.data);
        const Json line = {{"stream", stream.name()},
                           {"shard", shard_id(full.index)},
                           {"sequence_number", SequenceNumber{full.epoch_us, record.number, full.index}.text()},
                           {"arrival_ms", record.arrival_ms},
                           {"partition_key", record.partition_key},
                           {"data", std::move(data)}};
        out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      }
    });
  }
}

std::size_t field_index(const LedgerSettings& settings, const std::string& name) {
  return static_cast<std::size_t>(std::find(settings.fields.begin(), settings.fields.end(), name) -
                                  settings.fields.begin());
}

// The id whose last 16 digits are `by` further.
sluice::ObjectId advanced(const sluice::ObjectId& id, std::uint64_t by) {
  sluice::ObjectId out = id;
  for (std::size_t i = out.bytes.size(); i > 4 && by > 0; --i) {
    by += out.bytes[i - 1];
    out.bytes[i - 1] = static_cast<std::uint8_t>(by);
    by >>= 8;
  }
  return out;
}

}  // namespace

Answer report_ledger(Simulator& simulator, const Request& request, const Form& query) {
  const LedgerSettings& settings = simulator.settings().ledger;
  const auto streams = chosen(simulator, query);
  if (query.contains("stream") && streams.empty())
    return ledger_answer({{"message", "there is no stream '" + parameter(query, "stream", "") + "'"}}, 404);
  if (request.method == "DELETE") {
    for (const auto& stream : streams) stream->visit_ledger([](Ledger& ledger) { ledger.clear(); });
    return ledger_answer({{"ok", true}});
  }
  const std::string format = parameter(query, "format", "counts");
  if (format == "counts") {
    Json out = Json::object();
    for (const auto& stream : streams)
      stream->visit_ledger([&](Ledger& ledger) { out[stream->name()] = counts_of(ledger, settings); });
    return ledger_answer({{"streams", std::move(out)}});
  }
  std::size_t first = 0, end = IdSet::kParts;
  if (const std::string part = parameter(query, "part", ""); !part.empty()) {
    std::from_chars(part.data(), part.data() + part.size(), first);
    first = std::min(first, IdSet::kParts - 1);
    end = first + 1;
  }
  std::string body;
  if (format == "records") {
    if (settings.mode != LedgerMode::full)
      return ledger_answer({{"message", "records are kept with --ledger full only"}}, 400);
    for (const auto& stream : streams) append_records(*stream, first, end, body);
    return text_answer(std::move(body), "application/x-ndjson");
  }
  const std::size_t field = field_index(settings, parameter(query, "field", settings.fields.front()));
  if (format != "ids" || settings.mode == LedgerMode::count || field == settings.fields.size())
    return ledger_answer({{"message",
                           "expected format counts, ids (with --ledger ids or full, and a field given with "
                           "--ledger-id-field) or records"}},
                         400);
  for (const auto& stream : streams)
    stream->visit_ledger([&](Ledger& ledger) { append_ids(ledger.ids[field], first, end, body); });
  return text_answer(std::move(body), "text/plain");
}

Answer report_missing(Simulator& simulator, const Request& request, const Form& query) {
  const LedgerSettings& settings = simulator.settings().ledger;
  const std::size_t field = field_index(settings, parameter(query, "field", settings.fields.front()));
  if (settings.mode == LedgerMode::count || field == settings.fields.size())
    return ledger_answer({{"message", "expected --ledger ids or full, and a field given with --ledger-id-field"}}, 400);
  std::vector<std::pair<sluice::ObjectId, std::uint64_t>> ranges;
  std::string_view rest = request.body;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    const auto id = sluice::ObjectId::parse(line.substr(0, sluice::ObjectId::kHexDigits));
    std::uint64_t count = 1;
    if (line.size() > sluice::ObjectId::kHexDigits)
      std::from_chars(line.data() + sluice::ObjectId::kHexDigits + 1, line.data() + line.size(), count);
    if (!id || count > kMostInRange)
      return ledger_answer(
          {{"message", "expected lines of an id of 24 hex digits, and a count if it is a range, not '" +
                           std::string(line.substr(0, 60)) + "'"}},
          400);
    ranges.emplace_back(*id, count);
  }

  std::uint64_t asked = 0, missing = 0;
  Json first = Json::array();
  const auto streams = chosen(simulator, query);
  for (const auto& [id, count] : ranges) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto sought = advanced(id, i);
      const bool found = std::any_of(streams.begin(), streams.end(), [&](const auto& stream) {
        bool contained = false;
        stream->visit_ledger([&](const Ledger& ledger) { contained = ledger.ids[field].contains(sought); });
        return contained;
      });
      ++asked;
      if (found) continue;
      ++missing;
      if (first.size() < kMostListedMissing) first.push_back(sought.hex());
    }
  }
  return ledger_answer({{"asked", asked}, {"missing", missing}, {"first_missing", std::move(first)}});
}

}  // namespace kinesim
