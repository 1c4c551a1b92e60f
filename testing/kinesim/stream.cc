#include "kinesim/stream.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace kinesim {
namespace {

constexpr std::size_t kEpochDigits = 17, kNumberDigits = 25, kShardDigits = 12;

void write_digits(char* out, std::size_t digits, std::uint64_t value) {
  std::size_t i = digits;
  for (; i > 0 && value > 0; --i) {
    out[i - 1] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  std::memset(out, '0', i);
}

std::optional<std::uint64_t> read_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void SequenceNumber::write(char* out) const {
  out[0] = '4';
  out[1] = '9';
  write_digits(out + 2, kEpochDigits, epoch_us);
  write_digits(out + 2 + kEpochDigits, kNumberDigits, number);
  write_digits(out + 2 + kEpochDigits + kNumberDigits, kShardDigits, shard);
}

std::string SequenceNumber::text() const {
  std::string out(kDigits, '0');
  write(out.data());
  return out;
}

std::optional<SequenceNumber> SequenceNumber::parse(std::string_view text) {
  if (text.size() != kDigits || !text.starts_with("49")) return std::nullopt;
  const auto epoch = read_digits(text.substr(2, kEpochDigits));
  const auto number = read_digits(text.substr(2 + kEpochDigits, kNumberDigits));
  const auto shard = read_digits(text.substr(2 + kEpochDigits + kNumberDigits));
  if (!epoch || !number || !shard || *shard > UINT32_MAX) return std::nullopt;
  return SequenceNumber{*epoch, *number, static_cast<std::uint32_t>(*shard)};
}

std::string shard_id(std::uint32_t index) {
  std::string out(kShardIdBytes, '0');
  write_shard_id(out.data(), index);
  return out;
}

void write_shard_id(char* out, std::uint32_t index) {
  constexpr std::string_view kPrefix = "shardId-";
  static_assert(kPrefix.size() + kShardDigits == kShardIdBytes);
  std::memcpy(out, kPrefix.data(), kPrefix.size());
  write_digits(out + kPrefix.size(), kShardDigits, index);
}

std::optional<std::uint32_t> parse_shard_id(std::string_view text) {
  if (!text.starts_with("shardId-")) return std::nullopt;
  const auto index = read_digits(text.substr(8));
  if (!index || *index > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*index);
}

std::optional<LedgerMode> parse_ledger_mode(std::string_view text) {
  if (text == "count") return LedgerMode::count;
  if (text == "ids") return LedgerMode::ids;
  if (text == "full") return LedgerMode::full;
  return std::nullopt;
}

const char* stream_status_text(StreamStatus status) {
  switch (status) {
    case StreamStatus::creating:
      return "CREATING";
    case StreamStatus::active:
      return "ACTIVE";
    case StreamStatus::updating:
      return "UPDATING";
    case StreamStatus::deleting:
      return "DELETING";
  }
  return "";
}

Stream::Stream(StreamSettings settings, const LedgerSettings& ledger, std::string account, std::int64_t now_ms,
               std::int64_t active_at_ms)
    : name_(settings.name),
      account_(std::move(account)),
      ledger_settings_(ledger),
      created_ms_(now_ms),
      settings_(std::move(settings)),
      active_at_ms_(active_at_ms) {
  if (ledger.mode != LedgerMode::count) ledger_.ids.resize(ledger.fields.size());
  set_shard_count(settings_.shards, now_ms);
}

StreamSettings Stream::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void Stream::set_settings(const StreamSettings& settings) {
  const std::lock_guard lock(mutex_);
  const bool same_limits = settings.limits == settings_.limits;
  settings_ = settings;
  if (same_limits) return;
  for (auto& shard : shards_) {
    shard->bytes = TokenBucket(settings_.limits.bytes_per_s, settings_.limits.burst_bytes);
    shard->records = TokenBucket(settings_.limits.records_per_s, settings_.limits.burst_records);
  }
}

bool Stream::set_foreign(std::uint32_t shard, ForeignRate rate, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (shard >= shards_.size() || !shards_[shard]->open()) return false;
  if (rate.records_per_s > 0)
    shards_[shard]->foreign.emplace(rate, now_us);
  else
    shards_[shard]->foreign.reset();
  return true;
}

std::uint32_t Stream::max_record_bytes() const {
  const std::lock_guard lock(mutex_);
  return settings_.max_record_kib << 10;
}

StreamStatus Stream::status(std::int64_t now_ms) const {
  const std::lock_guard lock(mutex_);
  if (deleting_) return StreamStatus::deleting;
  if (now_ms < active_at_ms_) return StreamStatus::creating;
  return now_ms < updating_until_ms_ ? StreamStatus::updating : StreamStatus::active;
}

void Stream::set_updating_until(std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  updating_until_ms_ = wall_ms;
}

void Stream::set_deleting() {
  const std::lock_guard lock(mutex_);
  deleting_ = true;
}

void Stream::put(std::span<const PutEntry> entries, std::span<const FoundId> ids, std::int64_t now_ms,
                 std::int64_t now_us, const RecordFault& fault, std::span<PutOutcome> outcomes) {
  SLUICE_CHECK(entries.size() == outcomes.size(), "one outcome for each entry");
  const std::lock_guard lock(mutex_);
  const bool limited = settings_.limits.on;
  if (limited) {
    for (Shard* shard : open_) {
      if (shard->foreign) shard->foreign->advance(shard->bytes, shard->records, now_us);
      shard->bytes.refill(now_us);
      shard->records.refill(now_us);
    }
  }
  std::size_t next_id = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PutEntry& entry = entries[i];
    PutOutcome& outcome = outcomes[i];
    const std::size_t first_id = next_id;
    while (next_id < ids.size() && ids[next_id].record == i) ++next_id;

    Shard& shard = route(entry.hash);
    outcome.shard = shard.index;
    if (fault && fault(shard.index, outcome)) continue;
    const std::size_t size = entry.data.size() + entry.partition_key.size();
    if (limited) {
      if (!shard.bytes.has(static_cast<double>(size)) || !shard.records.has(1)) {
        ++shard.throttled;
        outcome.error_code = "ProvisionedThroughputExceededException";
        outcome.error_message = "Rate exceeded for shard " + shard_id(shard.index) + " in stream " + name_ +
                                " under account " + account_ + ".";
        continue;
      }
      shard.bytes.take(static_cast<double>(size));
      shard.records.take(1);
    }
    outcome.epoch_us = shard.epoch_us;
    outcome.number = shard.next++;
    ++shard.accepted;
    ++ledger_.counts.records;
    ledger_.counts.bytes += size;
    bool has_first_field = false;
    for (std::size_t id = first_id; id < next_id; ++id) {
      ledger_.ids[ids[id].field].insert(ids[id].id);
      has_first_field |= ids[id].field == 0;
    }
    if (!has_first_field) ++ledger_.counts.records_without_id;
    if (ledger_settings_.mode == LedgerMode::full) store(shard, entry, now_ms);
  }
  if (ledger_.counts.first_ms == 0) ledger_.counts.first_ms = now_ms;
  ledger_.counts.last_ms = now_ms;
}

void Stream::store(Shard& shard, const PutEntry& entry, std::int64_t now_ms) {
  shard.retained_bytes += entry.data.size() + entry.partition_key.size();
  shard.stored.push_back(
      StoredRecord{shard.next - 1, now_ms, std::string(entry.partition_key), std::string(entry.data)});
  trim(shard, now_ms);
}

void Stream::trim(Shard& shard, std::int64_t now_ms) {
  const std::int64_t oldest_ms = now_ms - static_cast<std::int64_t>(settings_.retention_hours) * 3'600'000;
  while (!shard.stored.empty() &&
         (shard.retained_bytes > ledger_settings_.retained_bytes || shard.stored.front().arrival_ms < oldest_ms)) {
    const auto& oldest = shard.stored.front();
    shard.retained_bytes -= oldest.data.size() + oldest.partition_key.size();
    shard.trimmed_before = oldest.number + 1;
    shard.stored.pop_front();
  }
}

void Stream::restore(std::uint32_t index, StoredRecord record) {
  const std::lock_guard lock(mutex_);
  if (index >= shards_.size()) return;
  Shard& shard = *shards_[index];
  ++ledger_.counts.records;
  ledger_.counts.bytes += record.data.size() + record.partition_key.size();
  ledger_.counts.last_ms = record.arrival_ms;
  std::vector<sluice::ObjectId> found;
  for (std::size_t field = 0; field < ledger_.ids.size(); ++field) {
    found.clear();
    for_each_user_record(record.data,
                         [&](std::string_view data) { find_event_ids(data, ledger_settings_.needle(field), found); });
    for (const auto& id : found) ledger_.ids[field].insert(id);
  }
  shard.next = std::max(shard.next, record.number + 1);
  ++shard.accepted;
  if (ledger_settings_.mode != LedgerMode::full) return;
  shard.retained_bytes += record.data.size() + record.partition_key.size();
  const std::int64_t arrival_ms = record.arrival_ms;
  shard.stored.push_back(std::move(record));
  trim(shard, arrival_ms);
}

std::vector<Shard> Stream::shards() const {
  const std::lock_guard lock(mutex_);
  std::vector<Shard> out;
  out.reserve(shards_.size());
  for (const auto& shard : shards_) {
    Shard copy;
    copy.index = shard->index;
    copy.low = shard->low;
    copy.high = shard->high;
    copy.epoch_us = shard->epoch_us;
    copy.next = shard->next;
    copy.trimmed_before = shard->trimmed_before;
    copy.created_ms = shard->created_ms;
    copy.closed_ms = shard->closed_ms;
    copy.parent = shard->parent;
    copy.adjacent_parent = shard->adjacent_parent;
    copy.accepted = shard->accepted;
    copy.throttled = shard->throttled;
    copy.retained_bytes = shard->retained_bytes;
    copy.foreign = shard->foreign;
    out.push_back(std::move(copy));
  }
  return out;
}

void Stream::visit_shard(std::uint32_t index, const std::function<void(const Shard&)>& visit) const {
  const std::lock_guard lock(mutex_);
  if (index < shards_.size()) visit(*shards_[index]);
}

void Stream::visit_ledger(const std::function<void(Ledger&)>& visit) {
  const std::lock_guard lock(mutex_);
  visit(ledger_);
}

}  // namespace kinesim
