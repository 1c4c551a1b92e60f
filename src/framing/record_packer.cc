#include "framing/record_packer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::framing {
namespace {

// What a record's units must at least be filled to while there are more events.
constexpr double kLeastFill = 0.95;
// What a compressed record aims at: records of equal lines differ by 1 % or so in their compressed size.
constexpr double kAimedFill = 0.975;
// Before the first record: events compress to a fifth or less.
constexpr double kFirstRatio = 5;
// A record is not compressed before this much more is held than it is thought to need, so that it can take more.
constexpr double kSpare = 1.03;
// After so many compressions of lines that were too few, they go as they are.
constexpr std::uint32_t kMostTooEarly = 2;
// After so many compressions, each with the size of the one before in mind, the number of events is halved: then lines
// are of a kind that does not follow a ratio.
constexpr int kProportionalAttempts = 3;
// A buffer above this size was for one huge event and is not kept.
constexpr std::size_t kKeptLinesBytes = 2 * kMaxLinesBytes;

std::uint64_t whole_units(std::uint64_t bytes) {
  return std::max<std::uint64_t>(bytes / kPutUnitBytes, 1) * kPutUnitBytes;
}

std::optional<Compressor::Format> format_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::ndjson_gzip:
      return Compressor::Format::gzip;
    case Encoding::ndjson_zstd:
      return Compressor::Format::zstd;
    default:
      return std::nullopt;
  }
}

}  // namespace

RecordPacker::RecordPacker(Encoding encoding, PackLimits limits)
    : limits_(limits), room_(whole_units(limits.record_bytes) - limits.key_bytes), ratio_(kFirstRatio) {
  SLUICE_CHECK(is_packed(encoding), "json has one event a record");
  SLUICE_CHECK(limits.key_bytes + limits.fixed_bytes < kPutUnitBytes / 2, "events need room beside them");
  if (const auto format = format_of(encoding)) compressor_.emplace(*format);
}

std::uint64_t RecordPacker::framed(const exporting::OutboundEvent& event) const {
  return limits_.event_bytes == nullptr ? event.record_size() : limits_.event_bytes(event.record_size());
}

double RecordPacker::fill(std::uint64_t data_bytes) const {
  const std::uint64_t counted = data_bytes + limits_.key_bytes;
  const std::uint64_t units = (counted + kPutUnitBytes - 1) / kPutUnitBytes;
  return static_cast<double>(counted) / static_cast<double>(units * kPutUnitBytes);
}

void RecordPacker::put(exporting::OutboundEvent event) {
  line_bytes_ += event.record_size();
  framed_bytes_ += framed(event);
  held_.push_back({std::move(event), 0});
  ++unstamped_;
}

bool RecordPacker::is_full() const {
  if (held_.size() >= limits_.max_events || line_bytes_ >= kMaxLinesBytes) return true;
  if (!compressor_) return limits_.fixed_bytes + framed_bytes_ >= room_;
  return static_cast<double>(line_bytes_) >= kSpare * kAimedFill * static_cast<double>(room_) * ratio_;
}

std::int64_t RecordPacker::due_us() const {
  if (held_.empty()) return INT64_MAX;
  if (unstamped_ > 0 || is_full()) return 0;
  return held_.front().since_us + limits_.linger_us;
}

std::optional<Record> RecordPacker::take(std::int64_t now_us, bool flush) {
  for (; unstamped_ > 0; --unstamped_) held_[held_.size() - unstamped_].since_us = now_us;
  if (held_.empty()) return std::nullopt;
  const bool overdue = flush || now_us - held_.front().since_us >= limits_.linger_us;
  if (!overdue && !is_full()) return std::nullopt;
  if (compressor_) return take_compressed(overdue);
  Record record = cut(plain_count(overdue));
  finish(record);
  return record;
}

// The most events whose record is filled well; if no number of them fills one, that which fills it best. Everything
// when it fits and must go.
std::size_t RecordPacker::plain_count(bool overdue) const {
  std::size_t best = 1;
  double best_fill = 0;
  std::uint64_t framed_bytes = limits_.fixed_bytes, lines = 0;
  const std::size_t most = std::min<std::size_t>(held_.size(), limits_.max_events);
  for (std::size_t count = 1; count <= most; ++count) {
    const exporting::OutboundEvent& event = held_[count - 1].event;
    framed_bytes += framed(event);
    lines += event.record_size();
    if (count > 1 && (framed_bytes > room_ || lines > kMaxLinesBytes)) return best;
    const double filled = fill(framed_bytes);
    if (filled >= std::min(best_fill, kLeastFill)) {
      best = count;
      best_fill = filled;
    }
  }
  return overdue && most == held_.size() ? most : best;
}

std::size_t RecordPacker::most_events() {
  ends_.clear();
  std::uint64_t end = 0;
  for (const Held& held : held_) {
    end += held.event.record_size();
    if (!ends_.empty() && (end > kMaxLinesBytes || ends_.size() == limits_.max_events)) break;
    ends_.push_back(end);
  }
  return ends_.size();
}

std::size_t RecordPacker::events_within(double line_bytes, std::size_t most) const {
  const auto first = ends_.begin();
  const auto beyond =
      std::upper_bound(first, first + static_cast<std::ptrdiff_t>(most), line_bytes,
                       [](double bytes, std::uint64_t end) { return bytes < static_cast<double>(end); });
  return std::max<std::size_t>(static_cast<std::size_t>(beyond - first), 1);
}

std::string_view RecordPacker::compress_first(std::size_t count) {
  const std::uint64_t end = ends_[count - 1];
  if (lines_.size() < end) lines_.resize(end);
  for (; lines_written_ < count; ++lines_written_) {
    const exporting::OutboundEvent& event = held_[lines_written_].event;
    const std::uint64_t begin = lines_written_ == 0 ? 0 : ends_[lines_written_ - 1];
    event.entry->envelope.write(lines_.data() + begin, event.slot);
  }
  return compressor_->compress(std::string_view(lines_).substr(0, end));
}

// Small deviations are smoothed, a change of what the events are is followed at once.
void RecordPacker::learn(std::uint64_t line_bytes, std::uint64_t compressed_bytes) {
  const double seen =
      static_cast<double>(line_bytes) / static_cast<double>(std::max<std::uint64_t>(compressed_bytes, 1));
  const double change = seen / ratio_;
  ratio_ = change > 1.1 || change < 0.9 ? seen : ratio_ + 0.25 * (seen - ratio_);
}

std::optional<Record> RecordPacker::take_compressed(bool overdue) {
  const std::size_t most = most_events();
  const bool more_than_fit = most < held_.size() || most == limits_.max_events;
  // When the limit on events or lines comes first, the record aims at the last whole unit that they fill.
  std::uint64_t room = room_;
  const double expected = static_cast<double>(ends_[most - 1]) / ratio_;
  if (more_than_fit && expected + limits_.key_bytes < kAimedFill * static_cast<double>(room_ + limits_.key_bytes))
    room = whole_units(static_cast<std::uint64_t>(expected / kAimedFill)) - limits_.key_bytes;

  lines_written_ = 0;
  std::size_t count = events_within(kAimedFill * static_cast<double>(room) * ratio_, most);
  for (int attempt = 1;; ++attempt) {
    const std::string_view data = compress_first(count);
    const double per_byte = static_cast<double>(ends_[count - 1]) / static_cast<double>(data.size());
    const std::size_t proportional = events_within(kAimedFill * static_cast<double>(room) * per_byte, most);
    learn(ends_[count - 1], data.size());
    if (data.size() > room && count > 1) {
      count = attempt <= kProportionalAttempts ? std::min(proportional, count - 1) : count / 2;
      continue;
    }
    if (attempt == 1 && count < most && fill(data.size()) < kLeastFill && proportional > count) {
      count = proportional;
      continue;
    }
    if (count == most && !more_than_fit && !overdue && fill(data.size()) < kLeastFill && ++too_early_ < kMostTooEarly)
      return std::nullopt;
    too_early_ = 0;
    Record record;
    record.data.assign(data);
    record.bytes = static_cast<std::uint32_t>(data.size());
    record.events = cut(count).events;
    if (lines_.size() > kKeptLinesBytes) std::string().swap(lines_);
    return record;
  }
}

// The first events held, as a record without its data.
Record RecordPacker::cut(std::size_t count) {
  Record record;
  record.events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    exporting::OutboundEvent& event = held_[i].event;
    line_bytes_ -= event.record_size();
    framed_bytes_ -= framed(event);
    record.events.push_back(std::move(event));
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
  return record;
}

void RecordPacker::finish(Record& record) {
  std::uint64_t bytes = limits_.fixed_bytes;
  if (compressor_) {
    std::string lines(lines_size(record), '\0');
    write_lines(record, lines.data());
    record.data.assign(compressor_->compress(lines));
    bytes = record.data.size();
  } else {
    for (const exporting::OutboundEvent& event : record.events) bytes += framed(event);
  }
  record.bytes = static_cast<std::uint32_t>(bytes);
}

std::pair<Record, Record> RecordPacker::split(Record record) {
  SLUICE_CHECK(record.events.size() > 1, "one event cannot be split");
  std::pair<Record, Record> halves;
  const std::size_t half = record.events.size() / 2;
  for (std::size_t i = 0; i < record.events.size(); ++i)
    (i < half ? halves.first : halves.second).events.push_back(std::move(record.events[i]));
  finish(halves.first);
  finish(halves.second);
  return halves;
}

}  // namespace sluice::framing
