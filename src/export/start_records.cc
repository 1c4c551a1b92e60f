#include "export/start_records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "storage/whole_file.h"

namespace sluice::exporting {
namespace {

using nlohmann::ordered_json;

constexpr const char *kLosses = "losses", *kEnvironment = "environment", *kPayloads = "payloads";
constexpr const char* kFrom = "from";  // a position

// An object; empty when the file holds none, or cannot be read.
ordered_json read_record(storage::FileSystem& files, const std::string& path) {
  const auto text = storage::read_whole(files, path);
  if (!text || !*text) return ordered_json::object();
  ordered_json read = ordered_json::parse(**text, nullptr, false);
  return read.is_object() ? read : ordered_json::object();
}

std::string text_in(const ordered_json& object, const char* member) {
  const auto found = object.is_object() ? object.find(member) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ordered_json losses_but(const ordered_json& record, std::string_view code) {
  ordered_json others = ordered_json::array();
  if (const auto known = record.find(kLosses); known != record.end() && known->is_array())
    for (const ordered_json& each : *known)
      if (text_in(each, "code") != code) others.push_back(each);
  return others;
}

std::int64_t number_in(const ordered_json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

Result<void> replace_record(storage::FileSystem& files, const std::string& directory, const std::string& path,
                            ObjectId destination, const ordered_json& record) {
  const auto failed = [&](const storage::FileError& error) {
    return fail(
        fmt::format("That destination {} has begun cannot be written down: {}. Free space on the data "
                    "directory's disk, or fix its permissions.",
                    destination.hex(), error.message));
  };
  if (const auto made = files.make_directory(directory); !made) return failed(made.error());
  const std::string bytes = record.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  if (const auto written = storage::replace_whole(files, path, bytes); !written) return failed(written.error());
  return {};
}

}  // namespace

StartedAs started_as(const catalog::Destination& destination) {
  return {destination.name, destination.kind, destination.environment_id, destination.wants_originals};
}

bool StartRecords::exists(ObjectId destination) const {
  const auto file = files_.open(path_of(destination), false);
  return file || file.error().fault != storage::FileFault::not_found;
}

Result<void> StartRecords::write(ObjectId destination, const StartedAs& as, std::int64_t now_ms) {
  const std::string path = path_of(destination);
  const ordered_json record = read_record(files_, path);
  ordered_json written = {{"name", as.name.empty() ? text_in(record, "name") : as.name},
                          {"began", text_in(record, "began").empty() ? iso_time_ms(now_ms) : text_in(record, "began")}};
  for (const char* member : {"kind", kEnvironment, kPayloads, kLosses})
    if (const auto known = record.find(member); known != record.end()) written[member] = *known;
  if (!as.kind.empty()) written["kind"] = as.kind;
  if (as.environment) {
    written[kEnvironment] = as.environment->hex();
    written[kPayloads] = as.wants_payloads;
  }
  if (exists(destination) && written == record) return {};
  return replace_record(files_, directory_, path, destination, written);
}

StartedAs StartRecords::read(ObjectId destination) const {
  const ordered_json record = read_record(files_, path_of(destination));
  StartedAs as{text_in(record, "name"), text_in(record, "kind"), ObjectId::parse(text_in(record, kEnvironment)), false};
  const auto payloads = record.find(kPayloads);
  as.wants_payloads = payloads != record.end() && payloads->is_boolean() && payloads->get<bool>();
  return as;
}

std::set<ObjectId> StartRecords::all() const {
  std::set<ObjectId> all;
  const auto names = files_.list(directory_);
  if (!names) return all;  // none yet
  for (const std::string& name : *names)
    if (name.size() == ObjectId::kHexDigits + 5 && name.ends_with(".json"))
      if (const auto id = ObjectId::parse(std::string_view(name).substr(0, ObjectId::kHexDigits))) all.insert(*id);
  return all;
}

// It may have none.
void StartRecords::remove(ObjectId destination) { (void)files_.remove(path_of(destination)); }

std::vector<Problem> StartRecords::losses(ObjectId destination) const {
  std::vector<Problem> losses;
  const ordered_json record = read_record(files_, path_of(destination));
  const auto found = record.find(kLosses);
  if (found == record.end() || !found->is_array()) return losses;
  for (const ordered_json& each : *found) {
    if (!each.is_object()) continue;
    Problem loss;
    loss.weight = Problem::Weight::note;
    loss.code = text_in(each, "code");
    loss.message = text_in(each, "message");
    loss.remedy = text_in(each, "remedy");
    loss.since_ms = loss.last_seen_ms = number_in(each, "since_ms");
    loss.times = 1;
    loss.tells_loss = true;
    losses.push_back(std::move(loss));
  }
  return losses;
}

Result<void> StartRecords::add_loss(ObjectId destination, const Problem& loss, std::optional<journal::Position> from) {
  const std::string path = path_of(destination);
  ordered_json record = read_record(files_, path);
  ordered_json losses = losses_but(record, loss.code);
  losses.push_back(
      {{"code", loss.code}, {"message", loss.message}, {"remedy", loss.remedy}, {"since_ms", loss.since_ms}});
  if (from) losses.back()[kFrom] = from->value;
  record[kLosses] = std::move(losses);
  return replace_record(files_, directory_, path, destination, record);
}

std::optional<journal::Position> StartRecords::loss_from(ObjectId destination, std::string_view code) const {
  const ordered_json record = read_record(files_, path_of(destination));
  const auto losses = record.find(kLosses);
  if (losses == record.end() || !losses->is_array()) return std::nullopt;
  for (const ordered_json& each : *losses) {
    if (text_in(each, "code") != code) continue;
    const auto from = each.find(kFrom);
    if (from != each.end() && from->is_number_unsigned()) return journal::Position{from->get<std::uint64_t>()};
  }
  return std::nullopt;
}

Result<void> StartRecords::remove_loss(ObjectId destination, std::string_view code) {
  const std::string path = path_of(destination);
  ordered_json record = read_record(files_, path);
  if (!record.contains(kLosses)) return {};
  ordered_json others = losses_but(record, code);
  if (others == record[kLosses]) return {};
  record[kLosses] = std::move(others);
  return replace_record(files_, directory_, path, destination, record);
}

Result<void> StartRecords::clear_losses(ObjectId destination) {
  const std::string path = path_of(destination);
  ordered_json record = read_record(files_, path);
  if (record.erase(kLosses) == 0) return {};
  return replace_record(files_, directory_, path, destination, record);
}

}  // namespace sluice::exporting
