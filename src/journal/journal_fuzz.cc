// Any bytes as a journal's last segment (behind a whole header), its index and a cursor: opening and reading them ends,
// in bounds, and a journal that was opened takes and gives back entries.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/clock_fake.h"
#include "base/log.h"
#include "journal/cursor_store.h"
#include "journal/frame_batch.h"
#include "journal/frame_walk.h"
#include "journal/journal_recovery.h"
#include "journal/recovery.h"
#include "journal/segment_reader.h"
#include "storage/file_system_fake.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kSegmentBytes = 64 << 10;
const ObjectId kEnvironment{};

// The fuzzer cannot guess checksums. A byte of 0xA5 and a length stand for a whole frame, so that it reaches what lies
// behind them; all else is taken as it is.
std::string frames_from(std::string_view input, std::uint32_t seed) {
  std::string out;
  std::uint64_t sequence = 1;
  while (!input.empty() && out.size() < kSegmentBytes - kSegmentHeaderBytes) {
    if (static_cast<unsigned char>(input[0]) == 0xA5 && input.size() > 3) {
      const std::string payload(static_cast<unsigned char>(input[1]), input[2]);
      FrameHeader header;
      header.kind = input[3] % 5 == 0 ? FrameKind::filler : FrameKind::entry;
      sequence += static_cast<unsigned char>(input[3]);
      header.sequence = sequence;
      header.durable_before = static_cast<std::uint32_t>(input[2]) << 6;
      header.counts[input[1] & 15] = 1;
      FrameBatch batch;
      batch.add(header, payload, seed);
      const std::size_t begin = out.size();
      for (const std::string_view piece : batch.pieces(0)) out.append(piece);
      out.resize(begin + batch.bytes());
      input.remove_prefix(4);
    } else {
      out.push_back(input[0]);
      input.remove_prefix(1);
    }
  }
  out.resize(kSegmentBytes - kSegmentHeaderBytes);
  return out;
}

void open_and_use(storage::FakeFileSystem& files, const SegmentHeader& header) {
  const SharedClock clock;
  JournalLimits limits;
  limits.segment_bytes = kSegmentBytes;
  limits.min_free_bytes = 0;
  SegmentFiles segment_files("/segments", limits, files);
  SegmentTable table;
  DedupeShares dedupe(limits.dedupe_window_ms);
  auto recovered = recover_journal(segment_files, table, dedupe, limits, clock, worker_threads());
  SLUICE_CHECK(recovered.has_value(), "a segment with a whole header can always be opened");
  SLUICE_CHECK(recovered->last && recovered->last->header == header, "it is the last one");
  Committer committer(table, segment_files, dedupe, limits, clock, recovered->state);
  SLUICE_CHECK(committer.start(recovered->last, recovered->last_is_sealed).has_value(), "it can be written on");
  AppendRequest request;
  request.environment = kEnvironment;
  request.entry = "appended";
  AppendOutcome outcome = AppendOutcome::stopping;
  committer.commit({&request, 1}, {&outcome, 1});
  SLUICE_CHECK(outcome == AppendOutcome::durable, "there is room");
  SegmentReader reader(table, kEnvironment, {});
  std::string last;
  while (const auto chunk = reader.read(4096)) last = chunk->entries.back().entry;
  SLUICE_CHECK(last == "appended", "what was stored is read, and read last");
}

void one_input(std::string_view input) {
  SegmentHeader header;
  header.number = 1;
  header.identity = 42;
  header.segment_bytes = kSegmentBytes;
  header.first_sequence = 1;
  (void)decode_index(input, header);
  (void)decode_segment_header(input);
  storage::FakeFileSystem files(1);
  files.set_bytes("/cursors/" + ObjectId{}.hex() + ".cursor", std::string(input));
  (void)CursorFile::open("/cursors", ObjectId{}, files);
  files.set_bytes("/segments/0000000001.segment",
                  encode_segment_header(header) + frames_from(input, frame_seed(header)));
  open_and_use(files, header);
}

}  // namespace
}  // namespace sluice::journal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool quiet = [] {
    sluice::log_configure(sluice::LogLevel::error, sluice::LogFormat::text);
    return true;
  }();
  (void)quiet;
  sluice::one_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
