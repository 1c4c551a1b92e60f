#include "journal/segment_blocks.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"

namespace sluice::journal {
namespace {

constexpr std::size_t kRowFixedBytes = 16;

void append_row(std::string& out, const BlockRow& row) {
  std::uint16_t kinds = 0;
  for (std::size_t kind = 0; kind < row.count.events.size(); ++kind)
    if (row.count.events[kind] > 0) kinds = static_cast<std::uint16_t>(kinds | 1u << kind);
  const std::size_t begin = out.size();
  out.resize(begin + kRowFixedBytes + 4 * static_cast<std::size_t>(std::popcount(kinds)));
  char* at = out.data() + begin;
  store<std::uint32_t>(at, row.first);
  store<std::uint16_t>(at + 4, kinds);
  store<std::uint32_t>(at + 8, static_cast<std::uint32_t>(row.count.entries));
  store<std::uint32_t>(at + 12, static_cast<std::uint32_t>(row.count.bytes));
  at += kRowFixedBytes;
  for (const std::uint64_t events : row.count.events) {
    if (events == 0) continue;
    store<std::uint32_t>(at, static_cast<std::uint32_t>(events));
    at += 4;
  }
}

void add_frame(JournalCount& count, const FrameHeader& header) {
  for (std::size_t kind = 0; kind < count.events.size(); ++kind) count.events[kind] += header.counts[kind];
  ++count.entries;
  count.bytes += header.payload_bytes;
}

bool fits(const JournalCount& count) {
  return count.bytes <= UINT32_MAX && std::all_of(count.events.begin(), count.events.end(),
                                                  [](std::uint64_t events) { return events <= UINT32_MAX; });
}

}  // namespace

void BlockRows::add(const FrameHeader& header, std::uint32_t offset) {
  BlockRow row;
  row.first = offset;
  if (!firsts_.empty() && firsts_.back() / kSegmentBlockBytes == offset / kSegmentBlockBytes) {
    std::string_view last = std::string_view(bytes_).substr(last_row_);
    BlockRow grown = *take_block_row(last);
    add_frame(grown.count, header);
    // Numbers that a row cannot hold go to a second row of the same block.
    if (fits(grown.count)) {
      bytes_.resize(last_row_);
      append_row(bytes_, grown);
      return;
    }
  }
  add_frame(row.count, header);
  last_row_ = bytes_.size();
  append_row(bytes_, row);
  firsts_.push_back(offset);
}

std::optional<BlockRow> take_block_row(std::string_view& rows) {
  if (rows.size() < kRowFixedBytes) return std::nullopt;
  const char* at = rows.data();
  const auto kinds = load<std::uint16_t>(at + 4);
  const std::size_t size = kRowFixedBytes + 4 * static_cast<std::size_t>(std::popcount(kinds));
  if (rows.size() < size) return std::nullopt;
  BlockRow row;
  row.first = load<std::uint32_t>(at);
  row.count.entries = load<std::uint32_t>(at + 8);
  row.count.bytes = load<std::uint32_t>(at + 12);
  at += kRowFixedBytes;
  for (std::size_t kind = 0; kind < row.count.events.size(); ++kind) {
    if ((kinds & 1u << kind) == 0) continue;
    row.count.events[kind] = load<std::uint32_t>(at);
    at += 4;
  }
  rows.remove_prefix(size);
  return row;
}

std::vector<std::uint32_t> block_firsts(std::string_view rows) {
  std::vector<std::uint32_t> firsts;
  while (const auto row = take_block_row(rows)) firsts.push_back(row->first);
  return firsts;
}

std::uint64_t next_own_offset(const std::vector<std::uint32_t>& firsts, std::uint64_t offset, std::uint64_t end) {
  const auto next = std::lower_bound(firsts.begin(), firsts.end(), offset);
  if (next != firsts.begin() && *std::prev(next) / kSegmentBlockBytes == offset / kSegmentBlockBytes) return offset;
  return next == firsts.end() ? std::max(offset, end) : *next;
}

std::uint64_t own_blocks_end(const std::vector<std::uint32_t>& firsts, std::uint64_t offset) {
  std::uint64_t block = offset / kSegmentBlockBytes;
  auto next = std::upper_bound(firsts.begin(), firsts.end(), offset);
  for (; next != firsts.end() && *next / kSegmentBlockBytes <= block + 1; ++next) block = *next / kSegmentBlockBytes;
  return (block + 1) * kSegmentBlockBytes;
}

}  // namespace sluice::journal
