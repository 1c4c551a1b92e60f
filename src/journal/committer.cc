#include "journal/committer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "journal/fatal.h"

namespace sluice::journal {
namespace {

// Asking a full disk for a whole segment is slow, and answers come by the thousand.
constexpr std::int64_t kGrowAgainUs = 100'000;
constexpr std::int64_t kTellFullAgainUs = 10'000'000;

}  // namespace

Committer::Committer(SegmentTable& table, SegmentFiles& files, DedupeShares& dedupe, const JournalLimits& limits,
                     const Clock& clock, CommitterState state)
    : table_(table),
      files_(files),
      dedupe_(dedupe),
      limits_(limits),
      clock_(clock),
      state_(state),
      behind_last_entry_(state.behind_last_entry()) {}

storage::FileResult<void> Committer::start(std::shared_ptr<Segment> last, bool sealed) {
  if (!last) return activate_next();
  active_is_sealed_ = sealed;
  auto file = last->file();
  if (!file) return tl::unexpected(file.error());
  active_ = std::move(last);
  file_ = *file;
  active_->keep_open(file_);
  if (sealed) (void)roll();
  return {};
}

std::uint64_t Committer::room() const {
  return active_is_sealed_ ? 0 : active_->header.segment_bytes - active_->summary.end - batch_.bytes();
}

void Committer::commit(std::span<const AppendRequest> requests, std::span<AppendOutcome> outcomes) {
  dedupe_.expire(clock_.wall_ms());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const AppendRequest& request = requests[i];
    if (dedupe_.contains(request.environment, request.dedupe_key)) {
      members_.push_back({i, true, false});
      continue;
    }
    const std::uint64_t frame_bytes = frame_bytes_for(request.entry.size(), request.counts);
    if (frame_bytes > room()) store_group(requests, outcomes);
    if (frame_bytes > room() && !roll()) {
      outcomes[i] = AppendOutcome::full;
      ++stats_.refused_full;
      continue;
    }
    dedupe_.insert({request.environment, request.dedupe_key, request.received_ms});
    if (dedupe_.reused_id(request.dedupe_key)) note_reused_id(request);
    members_.push_back({i, false, request.dedupe_key != DedupeKey{}});
    FrameHeader header;
    header.sequence = state_.next_sequence++;
    header.received_ms = request.received_ms;
    header.durable_before = active_->summary.end;
    header.environment = request.environment;
    header.dedupe_key = request.dedupe_key;
    header.counts = request.counts;
    batch_.add(header, request.entry, active_->seed);
  }
  store_group(requests, outcomes);
}

void Committer::store_group(std::span<const AppendRequest> requests, std::span<AppendOutcome> outcomes) {
  const bool stored = batch_.frames().empty() || write_and_sync();
  if (stored && !batch_.frames().empty()) {
    table_.publish(batch_.frames());
    behind_last_entry_.store(active_->summary.next_sequence, std::memory_order_relaxed);
  }
  // A repeat of an entry of this very group shares its fate; one of an older entry is refused along with it and comes
  // again.
  for (auto member = members_.rbegin(); member != members_.rend(); ++member) {
    outcomes[member->request] = !stored          ? AppendOutcome::full
                                : member->repeat ? AppendOutcome::deduplicated
                                                 : AppendOutcome::durable;
    if (!stored) ++stats_.refused_full;
    if (!stored && member->remembered) dedupe_.undo_insert(requests[member->request].dedupe_key);
    if (stored && member->repeat) {
      ++stats_.deduplicated_entries;
      stats_.deduplicated_events += event::event_total(requests[member->request].counts);
    }
  }
  members_.clear();
  batch_.clear();
}

// It is stored: what came first may have been a stranger's, or a page's that gives every payload the id "undefined".
void Committer::note_reused_id(const AppendRequest& request) {
  ++stats_.reused_ids;
  const std::int64_t now_ms = clock_.wall_ms();
  if (reused_id_logged_ms_ != 0 && now_ms - reused_id_logged_ms_ < kReusedIdLogIntervalMs) return;
  log_warn("journal.payload_id_reused",
           {{"environment", request.environment.hex()},
            {"payloads", stats_.reused_ids - reused_ids_logged_},
            {"message",
             "An SDK sent different events under one payload id. All were stored. Check what sets "
             "X-LaunchDarkly-Payload-ID: each payload needs an id of its own."}});
  reused_id_logged_ms_ = now_ms;
  reused_ids_logged_ = stats_.reused_ids;
}

bool Committer::write_and_sync() {
  state_.clean_shutdown_marked = false;
  const auto failed = [&](const storage::FileError& error) {
    if (error.fault != storage::FileFault::no_space) journal_fatal(error.message);
    note_full(error);
    return false;
  };
  if (auto written = file_->write_pieces_at(active_->summary.end, batch_.pieces(active_->summary.end)); !written)
    return failed(written.error());
  const std::int64_t begin_us = clock_.steady_us();
  if (auto synced = file_->sync_data(); !synced) return failed(synced.error());
  const auto took_us = static_cast<std::uint64_t>(clock_.steady_us() - begin_us);
  ++stats_.syncs;
  stats_.sync_us_total += took_us;
  stats_.sync_us_max = std::max(stats_.sync_us_max, took_us);
  return true;
}

void Committer::write_clean_shutdown_marker() {
  if (state_.clean_shutdown_marked || room() < kFrameMinBytes) return;
  FrameHeader note;
  note.kind = FrameKind::filler;
  note.sequence = state_.next_sequence++;
  note.durable_before = active_->summary.end;
  batch_.add(note, {}, active_->seed);
  if (write_and_sync()) {
    table_.publish(batch_.frames());
    state_.clean_shutdown_marked = true;
  }
  batch_.clear();
}

bool Committer::roll() {
  SLUICE_CHECK(batch_.frames().empty(), "a segment is left only with all of it synced");
  const auto next = activate_next();
  if (!next) note_full(next.error());
  return next.has_value();
}

storage::FileResult<void> Committer::activate_next() {
  const auto path = obtain_file();
  if (!path)
    return tl::unexpected(
        storage::FileError{storage::FileFault::no_space,
                           "there is no room for another segment: journal.max_bytes is reached, or less than "
                           "journal.min_free_bytes would be left on the disk, and every segment holds entries "
                           "that a destination still needs"});
  SegmentHeader header;
  header.number = state_.next_number;
  header.identity = random_.next();
  header.segment_bytes = limits_.segment_bytes;
  header.created_ms = clock_.wall_ms();
  header.first_sequence = state_.next_sequence;
  if (active_ && active_->header.number + 1 == header.number) header.previous_end = active_->summary.end;
  auto file = files_.activate(*path, header);
  if (!file) return tl::unexpected(file.error());
  ++state_.next_number;
  auto segment = std::make_shared<Segment>(header, files_.segment_path(header.number), files_.files());
  segment->summary.next_sequence = header.first_sequence;
  segment->keep_open(*file);
  file_ = std::move(*file);
  if (active_) sealed_.push_back(std::move(active_));
  active_ = segment;
  active_is_sealed_ = false;
  table_.add(std::move(segment));
  return {};
}

// A new file as long as there may be one, so that what is delivered stays for its retention time; then the oldest.
std::optional<std::string> Committer::obtain_file() {
  while (true) {
    if (auto spare = files_.take_spare()) return spare;
    if (clock_.steady_us() >= grow_again_at_us_ && files_.may_grow()) {
      if (auto created = files_.make()) return *created;
      grow_again_at_us_ = clock_.steady_us() + kGrowAgainUs;
    }
    const auto oldest = table_.give_up_oldest(0, 0, true);
    if (!oldest.segment) return std::nullopt;
    files_.retire(*oldest.segment, oldest.next_first_sequence);
  }
}

void Committer::note_full(const storage::FileError& error) {
  const std::int64_t now_us = clock_.steady_us();
  if (now_us < told_full_at_us_) return;
  told_full_at_us_ = now_us + kTellFullAgainUs;
  log_error("journal.full", {{"reason", error.message},
                             {"remedy",
                              "Payloads are answered 503 until there is room. Fix the destination that does not "
                              "deliver, raise journal.max_bytes, or free space on the disk."}});
}

}  // namespace sluice::journal
