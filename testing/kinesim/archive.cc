#include "kinesim/archive.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/log.h"
#include "kinesim/simulator.h"

namespace kinesim {
namespace {

using nlohmann::json;

json shard_json(const Shard& shard) {
  json out = {{"low", hash_key_text(shard.low)}, {"high", hash_key_text(shard.high)},
              {"epoch_us", shard.epoch_us},      {"next", shard.next},
              {"created_ms", shard.created_ms},  {"closed_ms", shard.closed_ms}};
  if (shard.parent) out["parent"] = *shard.parent;
  if (shard.adjacent_parent) out["adjacent_parent"] = *shard.adjacent_parent;
  return out;
}

Shard read_shard(const json& in, std::uint32_t index) {
  Shard shard;
  shard.index = index;
  parse_hash_key(in.at("low").get<std::string>(), shard.low);
  parse_hash_key(in.at("high").get<std::string>(), shard.high);
  shard.epoch_us = in.at("epoch_us").get<std::uint64_t>();
  shard.next = in.at("next").get<std::uint64_t>();
  shard.created_ms = in.at("created_ms").get<std::int64_t>();
  shard.closed_ms = in.at("closed_ms").get<std::int64_t>();
  if (in.contains("parent")) shard.parent = in["parent"].get<std::uint32_t>();
  if (in.contains("adjacent_parent")) shard.adjacent_parent = in["adjacent_parent"].get<std::uint32_t>();
  return shard;
}

StreamSettings read_settings(const json& in, const RateLimits& limits) {
  StreamSettings settings;
  settings.name = in.at("name").get<std::string>();
  settings.max_record_kib = in.at("max_record_kib").get<std::uint32_t>();
  settings.retention_hours = in.at("retention_hours").get<std::uint32_t>();
  settings.on_demand = in.at("on_demand").get<bool>();
  settings.kms_key_id = in.at("kms_key_id").get<std::string>();
  settings.limits = limits;
  return settings;
}

json record_json(std::uint32_t shard, std::uint64_t number, std::int64_t arrival_ms, std::string_view key,
                 std::string_view data) {
  std::string encoded;
  sluice::base64_append(encoded, data);
  return {{"shard", shard}, {"number", number}, {"arrival_ms", arrival_ms}, {"key", key}, {"data", std::move(encoded)}};
}

std::string line_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

}  // namespace

sluice::Result<std::unique_ptr<Archive>> Archive::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return sluice::fail("expected to make the data folder " + folder + ", but: " + error.message());
  return std::unique_ptr<Archive>(new Archive(folder));
}

sluice::Result<void> Archive::load(Simulator& simulator) {
  const std::string path = folder_ + "/streams.json";
  std::ifstream file(path);
  if (!file) return {};
  try {
    const json streams = json::parse(file);
    for (const auto& item : streams.at("streams")) {
      const auto stream = simulator.create_stream(read_settings(item, simulator.settings().limits), 0);
      if (!stream) continue;
      std::vector<Shard> shards;
      for (const auto& shard : item.at("shards"))
        shards.push_back(read_shard(shard, static_cast<std::uint32_t>(shards.size())));
      stream->replace_shards(std::move(shards));
      if (auto loaded = load_records(*stream); !loaded) return loaded;
    }
  } catch (const json::exception& error) {
    return sluice::fail("expected " + path + " as kinesim wrote it, but: " + error.what() +
                        ". Remove the folder to start afresh.");
  }
  return {};
}

sluice::Result<void> Archive::load_records(Stream& stream) {
  const std::string path = records_path(stream.name());
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object()) continue;  // a line torn by the last stop
    const auto data = sluice::base64_decode(record.at("data").get<std::string>());
    stream.restore(record.at("shard").get<std::uint32_t>(),
                   StoredRecord{record.at("number").get<std::uint64_t>(), record.at("arrival_ms").get<std::int64_t>(),
                                record.at("key").get<std::string>(), data.value_or("")});
  }
  file.close();
  // Only what is retained is written again, so that the file does not grow for ever.
  const std::string fresh = path + ".new";
  std::ofstream out(fresh, std::ios::trunc);
  for (const auto& shard : stream.shards())
    stream.visit_shard(shard.index, [&](const Shard& full) {
      for (const auto& record : full.stored)
        out << line_of(record_json(full.index, record.number, record.arrival_ms, record.partition_key, record.data));
    });
  out.close();
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return sluice::fail("expected to write " + path + ", but: " + error.message());
  return {};
}

void Archive::save_streams(const Simulator& simulator) {
  json streams = json::array();
  for (const auto& stream : simulator.streams()) {
    const StreamSettings settings = stream->settings();
    json item = {{"name", settings.name},
                 {"max_record_kib", settings.max_record_kib},
                 {"retention_hours", settings.retention_hours},
                 {"on_demand", settings.on_demand},
                 {"kms_key_id", settings.kms_key_id},
                 {"shards", json::array()}};
    for (const auto& shard : stream->shards()) item["shards"].push_back(shard_json(shard));
    streams.push_back(std::move(item));
  }
  const std::lock_guard lock(mutex_);
  const std::string path = folder_ + "/streams.json";
  std::ofstream out(path + ".new", std::ios::trunc);
  out << json{{"streams", std::move(streams)}}.dump(2) << "\n";
  out.close();
  std::error_code error;
  std::filesystem::rename(path + ".new", path, error);
  if (error) sluice::log_error("kinesim.archive_failed", {{"path", path}, {"error", error.message()}});
}

void Archive::append(const std::string& stream, std::span<const PutEntry> entries, std::span<const PutOutcome> outcomes,
                     std::int64_t now_ms) {
  std::string lines;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (outcomes[i].error_code.empty())
      lines += line_of(
          record_json(outcomes[i].shard, outcomes[i].number, now_ms, entries[i].partition_key, entries[i].data));
  const std::lock_guard lock(mutex_);
  auto& file = files_[stream];
  if (!file) file.reset(std::fopen(records_path(stream).c_str(), "ae"));
  if (!file || std::fwrite(lines.data(), 1, lines.size(), file.get()) != lines.size() || std::fflush(file.get()) != 0)
    sluice::log_error("kinesim.archive_failed", {{"path", records_path(stream)}});
}

void Archive::forget(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  files_.erase(stream);
  std::error_code ignored;
  std::filesystem::remove(records_path(stream), ignored);
}

}  // namespace kinesim
