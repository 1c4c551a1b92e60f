#include "export/history_file.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace sluice::exporting {
namespace {

constexpr std::string_view kMagic = "SLUICEHI";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 64, kSlotBytes = 136;
constexpr std::size_t kLatenciesAt = 64, kChecksumAt = 128;
static_assert(kLatenciesAt + 4 * kLatencyBuckets == kChecksumAt);

constexpr std::array<HistorySpan, kHistorySpans> kAll = {HistorySpan::hour, HistorySpan::day, HistorySpan::week};

// One more than a span's steps: the one that has begun stands beside the one that ends.
std::uint64_t slots_of(HistorySpan span) {
  return static_cast<std::uint64_t>(history_length_ms(span) / history_step_ms(span)) + 1;
}

std::uint64_t ring_of(HistorySpan span) {
  std::uint64_t at = kHeaderBytes;
  for (const HistorySpan before : kAll) {
    if (before == span) break;
    at += slots_of(before) * kSlotBytes;
  }
  return at;
}

std::uint64_t place_of(HistorySpan span, std::int64_t at_ms) {
  return ring_of(span) + static_cast<std::uint64_t>(at_ms / history_step_ms(span)) % slots_of(span) * kSlotBytes;
}

std::string encoded(const HistoryStep& step) {
  std::string bytes(kSlotBytes, '\0');
  char* at = bytes.data();
  store<std::int64_t>(at, step.at_ms);
  store(at + 8, step.accepted);
  store(at + 16, step.delivered);
  store(at + 24, step.delivered_bytes);
  store(at + 32, step.retried);
  store(at + 40, step.failed_calls);
  store(at + 48, step.backlog_events);
  store(at + 56, step.backlog_bytes);
  for (std::size_t i = 0; i < kLatencyBuckets; ++i)
    store(at + kLatenciesAt + 4 * i, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                         step.latency_counts[i], std::numeric_limits<std::uint32_t>::max())));
  store(at + kChecksumAt, crc32c(at, kChecksumAt));
  return bytes;
}

bool decode(std::string_view bytes, HistoryStep& step) {
  const char* at = bytes.data();
  if (load<std::uint32_t>(at + kChecksumAt) != crc32c(at, kChecksumAt)) return false;
  step.at_ms = load<std::int64_t>(at);
  step.accepted = load<std::uint64_t>(at + 8);
  step.delivered = load<std::uint64_t>(at + 16);
  step.delivered_bytes = load<std::uint64_t>(at + 24);
  step.retried = load<std::uint64_t>(at + 32);
  step.failed_calls = load<std::uint64_t>(at + 40);
  step.backlog_events = load<std::uint64_t>(at + 48);
  step.backlog_bytes = load<std::uint64_t>(at + 56);
  for (std::size_t i = 0; i < kLatencyBuckets; ++i)
    step.latency_counts[i] = load<std::uint32_t>(at + kLatenciesAt + 4 * i);
  return true;
}

std::string encoded_header(const KeptHistory& kept) {
  std::string bytes(kHeaderBytes, '\0');
  char* at = bytes.data();
  kMagic.copy(at, kMagic.size());
  store(at + 8, kVersion);
  store(at + 16, kept.started_ms);
  store(at + 24, kept.last_delivery_ms);
  store(at + 12, crc32c(at + 16, kHeaderBytes - 16));
  return bytes;
}

}  // namespace

storage::FileResult<std::unique_ptr<HistoryFile>> HistoryFile::open(storage::FileSystem& files, const std::string& path,
                                                                    std::int64_t now_ms) {
  if (auto made = files.make_directory(path.substr(0, path.rfind('/'))); !made) return tl::unexpected(made.error());
  auto opened = files.open(path, true);
  if (!opened) return tl::unexpected(opened.error());
  std::unique_ptr<HistoryFile> file(new HistoryFile(std::move(*opened)));
  if (auto read = file->read(now_ms); !read) return tl::unexpected(read.error());
  return file;
}

storage::FileResult<void> HistoryFile::read(std::int64_t now_ms) {
  const std::uint64_t size = ring_of(HistorySpan::week) + slots_of(HistorySpan::week) * kSlotBytes;
  std::string bytes(size, '\0');
  if (auto got = file_->read_at(0, bytes.data(), bytes.size()); !got) return tl::unexpected(got.error());
  const char* header = bytes.data();
  if (!std::string_view(bytes).starts_with(kMagic) || load<std::uint32_t>(header + 8) != kVersion) return {};
  if (load<std::uint32_t>(header + 12) == crc32c(header + 16, kHeaderBytes - 16)) {
    kept_.started_ms = load<std::int64_t>(header + 16);
    kept_.last_delivery_ms = load<std::int64_t>(header + 24);
  }
  for (const HistorySpan span : kAll) {
    std::deque<HistoryStep>& steps = kept_.steps[static_cast<std::size_t>(span)];
    for (std::uint64_t slot = 0; slot < slots_of(span); ++slot) {
      HistoryStep step;
      if (!decode(std::string_view(bytes).substr(ring_of(span) + slot * kSlotBytes, kSlotBytes), step)) continue;
      // A clock that was set back leaves steps in the future.
      if (step.at_ms > 0 && step.at_ms >= now_ms - history_length_ms(span) && step.at_ms <= now_ms)
        steps.push_back(step);
    }
    std::sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
  }
  return {};
}

storage::FileResult<void> HistoryFile::write(const HistoryChange& change) {
  KeptHistory header;
  header.started_ms = change.started_ms;
  header.last_delivery_ms = change.last_delivery_ms;
  if (auto written = file_->write_at(0, encoded_header(header)); !written) return written;
  for (const auto& [span, step] : change.steps)
    if (auto written = file_->write_at(place_of(span, step.at_ms), encoded(step)); !written) return written;
  return {};
}

}  // namespace sluice::exporting
