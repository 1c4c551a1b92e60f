#include "journal/segment_summary.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace sluice::journal {
namespace {

constexpr std::string_view kIndexMagic = "SLUICEIX";
constexpr std::size_t kIndexHeaderBytes = 72;
constexpr std::size_t kEnvironmentBytes = ObjectId::kBytes + 4 + 8 * (2 + event::kEventKindLimit);
constexpr std::size_t kKeyBytes = ObjectId::kBytes + 4 + 16 + 8;

}  // namespace

void add_to(JournalCount& total, const JournalCount& more) {
  for (std::size_t kind = 0; kind < total.events.size(); ++kind) total.events[kind] += more.events[kind];
  total.entries += more.entries;
  total.bytes += more.bytes;
}

void add_to(JournalCount& total, const FrameHeader& header) {
  for (std::size_t kind = 0; kind < total.events.size(); ++kind) total.events[kind] += header.counts[kind];
  ++total.entries;
  total.bytes += header.payload_bytes;
}

void SegmentSummary::add(const FrameHeader& header, std::uint32_t frame_end) {
  end = frame_end;
  next_sequence = header.sequence + 1;
  if (header.kind != FrameKind::entry) return;
  oldest_received_ms = oldest_received_ms == 0 ? header.received_ms : std::min(oldest_received_ms, header.received_ms);
  newest_received_ms = std::max(newest_received_ms, header.received_ms);
  EnvironmentSummary& environment = environments[header.environment];
  add_to(environment, header);
  environment.blocks.add(header, static_cast<std::uint32_t>(frame_end - header.frame_bytes()));
  if (header.dedupe_key != DedupeKey{}) keys.push_back({header.environment, header.dedupe_key, header.received_ms});
}

std::string encode_index(const SegmentHeader& segment, const SegmentSummary& summary, std::vector<StoredRows>* rows) {
  std::string out(kIndexHeaderBytes + kEnvironmentBytes * summary.environments.size() + kKeyBytes * summary.keys.size(),
                  '\0');
  char* at = out.data();
  kIndexMagic.copy(at, kIndexMagic.size());
  store<std::uint32_t>(at + 8, kJournalFormatVersion);
  store<std::uint64_t>(at + 16, segment.number);
  store<std::uint64_t>(at + 24, segment.identity);
  store<std::uint64_t>(at + 32, summary.next_sequence);
  store<std::int64_t>(at + 40, summary.oldest_received_ms);
  store<std::int64_t>(at + 48, summary.newest_received_ms);
  store<std::uint32_t>(at + 56, summary.end);
  store<std::uint32_t>(at + 60, static_cast<std::uint32_t>(summary.environments.size()));
  store<std::uint32_t>(at + 64, static_cast<std::uint32_t>(summary.keys.size()));
  at += kIndexHeaderBytes;
  for (const auto& [environment, count] : summary.environments) {
    std::memcpy(at, environment.bytes.data(), ObjectId::kBytes);
    const std::string& blocks = count.blocks.bytes();
    store<std::uint32_t>(at + 12, blocks.empty() ? 0 : static_cast<std::uint32_t>(blocks.size() + 4));
    store<std::uint64_t>(at + 16, count.entries);
    store<std::uint64_t>(at + 24, count.bytes);
    for (std::size_t kind = 0; kind < event::kEventKindLimit; ++kind)
      store<std::uint64_t>(at + 32 + 8 * kind, count.events[kind]);
    at += kEnvironmentBytes;
  }
  for (const DedupeRecord& record : summary.keys) {
    std::memcpy(at, record.environment.bytes.data(), ObjectId::kBytes);
    std::memcpy(at + 16, record.key.data(), record.key.size());
    store<std::int64_t>(at + 32, record.received_ms);
    at += kKeyBytes;
  }
  const std::size_t rows_begin = out.size();
  for (const auto& [environment, count] : summary.environments) {
    const std::string& blocks = count.blocks.bytes();
    StoredRows stored;
    if (!blocks.empty()) {
      stored = {static_cast<std::uint32_t>(out.size()), static_cast<std::uint32_t>(blocks.size() + 4)};
      char crc[4];
      store<std::uint32_t>(crc, crc32c(blocks.data(), blocks.size(), frame_seed(segment)));
      out.append(crc, sizeof crc).append(blocks);
    }
    if (rows != nullptr) rows->push_back(stored);
  }
  store<std::uint32_t>(out.data() + 68, static_cast<std::uint32_t>(out.size() - rows_begin));
  store<std::uint32_t>(out.data() + 12, crc32c(out.data() + 16, out.size() - 16));
  return out;
}

std::optional<SegmentHeader> segment_of_index(std::string_view bytes) {
  if (bytes.size() < kIndexHeaderBytes || !bytes.starts_with(kIndexMagic)) return std::nullopt;
  SegmentHeader header;
  header.number = load<std::uint64_t>(bytes.data() + 16);
  header.identity = load<std::uint64_t>(bytes.data() + 24);
  header.segment_bytes = kMaxSegmentBytes;
  return header;
}

std::optional<SegmentSummary> decode_index(std::string_view bytes, const SegmentHeader& segment) {
  if (bytes.size() < kIndexHeaderBytes || !bytes.starts_with(kIndexMagic)) return std::nullopt;
  const char* at = bytes.data();
  const std::uint64_t environments = load<std::uint32_t>(at + 60);
  const std::uint64_t keys = load<std::uint32_t>(at + 64);
  const std::uint64_t rows_bytes = load<std::uint32_t>(at + 68);
  if (load<std::uint32_t>(at + 8) != kJournalFormatVersion || load<std::uint64_t>(at + 16) != segment.number ||
      load<std::uint64_t>(at + 24) != segment.identity ||
      bytes.size() != kIndexHeaderBytes + kEnvironmentBytes * environments + kKeyBytes * keys + rows_bytes ||
      load<std::uint32_t>(at + 12) != crc32c(at + 16, bytes.size() - 16)) {
    return std::nullopt;
  }
  SegmentSummary summary;
  summary.next_sequence = load<std::uint64_t>(at + 32);
  summary.oldest_received_ms = load<std::int64_t>(at + 40);
  summary.newest_received_ms = load<std::int64_t>(at + 48);
  summary.end = load<std::uint32_t>(at + 56);
  if (summary.end < kSegmentHeaderBytes || summary.end > segment.segment_bytes) return std::nullopt;
  at += kIndexHeaderBytes;
  std::uint64_t rows_at = bytes.size() - rows_bytes;
  for (std::uint64_t i = 0; i < environments; ++i, at += kEnvironmentBytes) {
    ObjectId environment;
    std::memcpy(environment.bytes.data(), at, ObjectId::kBytes);
    EnvironmentSummary& count = summary.environments[environment];
    count.rows_bytes = load<std::uint32_t>(at + 12);
    count.rows_at = static_cast<std::uint32_t>(rows_at);
    rows_at += count.rows_bytes;
    if (rows_at > bytes.size()) return std::nullopt;
    count.entries = load<std::uint64_t>(at + 16);
    count.bytes = load<std::uint64_t>(at + 24);
    for (std::size_t kind = 0; kind < event::kEventKindLimit; ++kind)
      count.events[kind] = load<std::uint64_t>(at + 32 + 8 * kind);
  }
  summary.keys.resize(keys);
  for (DedupeRecord& record : summary.keys) {
    std::memcpy(record.environment.bytes.data(), at, ObjectId::kBytes);
    std::memcpy(record.key.data(), at + 16, record.key.size());
    record.received_ms = load<std::int64_t>(at + 32);
    at += kKeyBytes;
  }
  return summary;
}

std::optional<std::string_view> decode_stored_rows(std::string_view bytes, const SegmentHeader& segment) {
  if (bytes.size() < 4) return std::nullopt;
  const std::string_view rows = bytes.substr(4);
  if (load<std::uint32_t>(bytes.data()) != crc32c(rows.data(), rows.size(), frame_seed(segment))) return std::nullopt;
  return rows;
}

}  // namespace sluice::journal
