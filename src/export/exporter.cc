#include "export/exporter.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "export/dead_letter_retry.h"
#include "export/runner.h"

namespace sluice::exporting {
namespace {

constexpr std::int64_t kWatchIntervalUs = 1'000'000;
constexpr std::int64_t kDrainLookUs = 20'000;
// Names of files are a destination's id and one of these (journal/cursor_store.h, export/dead_letter_file.h).
constexpr std::string_view kCursorSuffix = ".cursor", kDeadLetterSuffix = ".ndjson",
                           kReplayLetterSuffix = "-replay.ndjson";

}  // namespace

Exporter::Exporter(journal::Journal& journal, storage::FileSystem& files, const Clock& clock,
                   std::string data_directory, SinkFactory make_sink, Workers& workers)
    : journal_(journal),
      files_(files),
      clock_(clock),
      data_directory_(std::move(data_directory)),
      make_sink_(std::move(make_sink)),
      workers_(workers),
      replay_files_(files, data_directory_) {
  watch_ = workers_.start("export-watch", watch_notifier_, [this] { return watch_step(); });
}

Exporter::~Exporter() {
  watch_stops_ = true;
  watch_notifier_.notify();
  watch_->join();
  const std::lock_guard lock(mutex_);
  for (auto* all : {&runners_, &replays_})
    for (auto& [id, runner] : *all) runner->begin_stop();
  replays_.clear();
  runners_.clear();
}

std::int64_t Exporter::watch_step() {
  if (watch_stops_) return kWorkerDone;
  const std::lock_guard lock(mutex_);
  for (auto& [id, runner] : runners_) runner->sample();
  for (auto& [id, paused] : paused_) (void)paused.sample();  // one that fails is repeated
  resume_replays();
  end_replays();
  return kWatchIntervalUs;
}

// What is done goes, with its files.
void Exporter::end_replays() {
  for (auto at = replays_.begin(); at != replays_.end();) {
    if (!at->second->pipeline_status().finished) {
      ++at;
      continue;
    }
    if (auto status = replay_status(at->first)) {
      status->state = ReplayState::done;
      status->fraction = 1;
      log_info("replay.done",
               {{"destination", at->second->destination().name}, {"delivered", status->delivered_events}});
      last_replays_[at->first] = *status;
    }
    at->second->stop();
    retire(*at->second);
    journal_.drop_hold(at->first.hex() + "-replay");
    replay_files_.remove(at->first);
    at = replays_.erase(at);
  }
}

Result<void> Exporter::apply(const catalog::CatalogSnapshot& snapshot) {
  // What goes or changes is stopped first, all at once, so that one slow answer does not hold up the next.
  std::vector<std::unique_ptr<Runner>> leaving, leaving_replays;
  std::vector<catalog::Destination> starting;
  std::map<ObjectId, const catalog::Destination*> declared;
  for (const catalog::Destination& destination : snapshot.destinations())
    declared.emplace(destination.id, &destination);
  {
    const std::lock_guard lock(mutex_);
    for (auto at = runners_.begin(); at != runners_.end();) {
      const auto same = declared.find(at->first);
      if (same != declared.end() && same->second->on && *same->second == at->second->destination()) {
        ++at;
        continue;
      }
      at->second->begin_stop();
      leaving.push_back(std::move(at->second));
      if (const auto replay = replays_.find(at->first); replay != replays_.end()) {
        replay->second->begin_stop();  // it goes on when the destination does
        leaving_replays.push_back(std::move(replay->second));
        replays_.erase(replay);
      }
      unresumed_.erase(at->first);
      at = runners_.erase(at);
    }
    off_.clear();
    for (const catalog::Destination& destination : snapshot.destinations()) {
      if (!destination.on) off_.emplace(destination.id, destination);
      if (destination.on && runners_.count(destination.id) == 0) starting.push_back(destination);
    }
  }
  for (const auto* all : {&leaving_replays, &leaving}) {
    for (const auto& runner : *all) {
      runner->stop();
      const std::lock_guard lock(mutex_);
      retire(*runner);
    }
  }
  for (const auto& runner : leaving) {
    const ObjectId id = runner->destination().id;
    const bool comes_back =
        std::any_of(starting.begin(), starting.end(), [&](const catalog::Destination& d) { return d.id == id; });
    // Off or gone: its cursors stay on disk, but hold nothing back any more (docs/delivery.md).
    if (comes_back) continue;
    journal_.drop_hold(id.hex());
    journal_.drop_hold(id.hex() + "-replay");
  }
  leaving.clear();
  {
    const std::lock_guard lock(mutex_);
    if (auto noted = update_paused(); !noted) return noted;
  }

  for (const catalog::Destination& destination : starting) {
    auto cursor_file = journal::CursorFile::open(data_directory_ + "/cursors", destination.id, files_);
    if (!cursor_file) return tl::unexpected(cursor_file.error());
    std::shared_ptr<DeadLetterFile> letters;
    {
      const std::lock_guard lock(mutex_);
      letters = letter_file(destination.id);
      // A retry that a crash interrupted; not while one runs, which brings them back itself.
      if (letters.use_count() == 2)
        if (auto back = letters->bring_back(); !back)
          log_warn("export.dead_letters_aside", {{"destination", destination.name}, {"reason", back.error().message}});
    }
    auto runner = std::make_unique<Runner>(destination, journal_, std::move(*cursor_file), clock_, std::move(letters),
                                           make_sink_, workers_);
    log_info("destination.started", {{"destination", destination.name},
                                     {"id", destination.id.hex()},
                                     {"stream", destination.kinesis.stream_name},
                                     {"region", destination.kinesis.region},
                                     {"waiting", runner->status().pipeline.balance.waiting}});
    const std::lock_guard lock(mutex_);
    runners_.emplace(destination.id, std::move(runner));
    unresumed_.try_emplace(destination.id);
  }
  const std::lock_guard lock(mutex_);
  resume_replays();
  return {};
}

Result<void> Exporter::update_paused() {
  for (auto at = paused_.begin(); at != paused_.end();) {
    // For the last time, where it comes back: what it missed must be in its cursor before it starts.
    if (auto looked = at->second.sample(); !looked) return looked;
    at = off_.contains(at->first) ? std::next(at) : paused_.erase(at);
  }
  for (const auto& [id, destination] : off_) {
    journal_.drop_hold(id.hex());  // of a start that was reserved and did not come
    // Begun anew when its settings changed: what it misses depends on them.
    const auto known = paused_.find(id);
    if (known != paused_.end() && known->second.destination() == destination) continue;
    auto paused = PausedDestination::begin(destination, data_directory_ + "/cursors", journal_, files_);
    if (!paused) return tl::unexpected(paused.error());
    if (known != paused_.end()) paused_.erase(known);
    if (*paused) paused_.emplace(id, std::move(**paused));
  }
  return {};
}

// Of destinations that began to run: a replay goes on where it was. One that the disk keeps from it is tried again.
void Exporter::resume_replays() {
  for (auto at = unresumed_.begin(); at != unresumed_.end();) {
    const ObjectId id = at->first;
    const auto unfinished = replay_files_.find(id);
    if (unfinished && !*unfinished) {
      at = unresumed_.erase(at);
      continue;
    }
    const catalog::Destination& destination = runners_.at(id)->destination();
    auto replay = unfinished ? make_replay(destination, **unfinished) : tl::unexpected(unfinished.error());
    if (!replay) {
      if (at->second != replay.error().message) {
        at->second = replay.error().message;
        log_warn("replay.waits", {{"destination", destination.name}, {"reason", at->second}});
      }
      ++at;
      continue;
    }
    at = unresumed_.erase(at);
    last_replays_[id] = {**unfinished, ReplayState::running, 0, 0, {}};
    if (*replay) {
      replays_.emplace(id, std::move(*replay));
      continue;
    }
    log_warn("replay.given_up", {{"destination", destination.name}, {"reason", "its cursor is damaged"}});
    last_replays_[id].state = ReplayState::cancelled;
    journal_.drop_hold(id.hex() + "-replay");
    replay_files_.remove(id);
  }
}

// Null: it has no place any more.
Result<std::unique_ptr<Exporter::Runner>> Exporter::make_replay(const catalog::Destination& destination,
                                                                const Replay& replay) {
  auto cursor_file = journal::CursorFile::open(replay_files_.directory(), destination.id, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (!(*cursor_file)->loaded()) return nullptr;
  log_info("replay.started",
           {{"destination", destination.name}, {"from_ms", replay.range.from_ms}, {"to_ms", replay.range.to_ms}});
  return std::make_unique<Runner>(destination, journal_, std::move(*cursor_file), clock_,
                                  std::make_shared<DeadLetterFile>(letter_path(destination.id, kReplayLetterSuffix),
                                                                   destination.id, files_, clock_),
                                  make_sink_, workers_, replay.range);
}

Result<ReplayStatus> Exporter::start_replay(ObjectId id, std::int64_t from_ms, std::int64_t to_ms) {
  const std::lock_guard lock(mutex_);
  const auto live = runners_.find(id);
  if (live == runners_.end()) return fail("The destination is off. Switch it on first: a replay goes the same way.");
  if (replays_.contains(id) || unresumed_.contains(id))
    return fail("A replay of this destination is running. Wait for it, or cancel it.");
  const catalog::Destination& destination = live->second->destination();
  const journal::PositionRange span = journal_.received_between(from_ms, to_ms);
  const std::string holder = id.hex() + "-replay";
  journal_.hold(holder, span.from);
  Replay replay{{from_ms, to_ms, span.to},
                clock_.wall_ms(),
                journal_.count_at_most(destination.environment_id, span.from, span.to).bytes};
  auto begun = replay_files_.begin(id, replay, span.from);
  auto runner = begun ? make_replay(destination, replay) : tl::unexpected(begun.error());
  if (!runner || !*runner) {
    journal_.drop_hold(holder);
    replay_files_.remove(id);  // or the next start would take it up, though its owner was told that there is none
    return runner ? fail("The replay cannot be begun: its cursor cannot be read.") : tl::unexpected(runner.error());
  }
  replays_.emplace(id, std::move(*runner));
  last_replays_[id] = {replay, ReplayState::running, 0, 0, {}};
  return *replay_status(id);
}

bool Exporter::cancel_replay(ObjectId id) {
  std::unique_ptr<Runner> cancelled;
  {
    const std::lock_guard lock(mutex_);
    const auto found = replays_.find(id);
    if (found == replays_.end() && unresumed_.erase(id) == 0) return false;
    if (auto status = replay_status(id)) {
      status->state = ReplayState::cancelled;
      last_replays_[id] = *status;
    }
    replay_files_.remove(id);
    if (found != replays_.end()) {
      found->second->begin_stop();
      cancelled = std::move(found->second);
      replays_.erase(found);
    }
  }
  if (cancelled) {
    cancelled->stop();
    const std::lock_guard lock(mutex_);
    retire(*cancelled);
  }
  journal_.drop_hold(id.hex() + "-replay");
  replay_files_.remove(id);  // its last cursor
  return true;
}

std::optional<ReplayStatus> Exporter::replay_status(ObjectId id) const {
  const auto last = last_replays_.find(id);
  if (last == last_replays_.end()) return std::nullopt;
  ReplayStatus status = last->second;
  const auto running = replays_.find(id);
  if (running == replays_.end()) return status;
  const PipelineStatus pipeline = running->second->pipeline_status();
  status.delivered_events = pipeline.balance.delivered;
  status.problem = pipeline.problem;
  status.fraction =
      status.replay.bytes == 0
          ? 0
          : 1 - std::min(1.0, static_cast<double>(pipeline.waiting_bytes) / static_cast<double>(status.replay.bytes));
  return status;
}

std::string Exporter::letter_path(ObjectId destination, std::string_view suffix) const {
  return data_directory_ + "/dead-letters/" + destination.hex().append(suffix);
}

std::shared_ptr<DeadLetterFile> Exporter::letter_file(ObjectId destination) {
  auto& file = letter_files_[destination];
  if (!file)
    file = std::make_shared<DeadLetterFile>(letter_path(destination, kDeadLetterSuffix), destination, files_, clock_);
  return file;
}

Result<DeadLetterRetry> Exporter::retry_dead_letters(ObjectId id, const std::atomic<bool>& stopping) {
  std::shared_ptr<DeadLetterFile> letters;
  catalog::Destination destination;
  {
    const std::lock_guard lock(mutex_);
    const auto live = runners_.find(id);
    if (live == runners_.end()) return fail("The destination is off. Switch it on first: a retry goes the same way.");
    destination = live->second->destination();
    letters = letter_file(id);
  }
  return sluice::exporting::retry_dead_letters(destination, *letters, files_, make_sink_, clock_, stopping);
}

Result<bool> Exporter::reserve_start(ObjectId destination) {
  auto cursor_file = journal::CursorFile::open(data_directory_ + "/cursors", destination, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (const auto& place = (*cursor_file)->loaded()) {
    journal_.hold(destination.hex(), place->position);  // until it runs, however long apply() takes to come
    return false;
  }
  journal::Cursor cursor;
  cursor.position = journal_.end();
  journal_.hold(destination.hex(), cursor.position);
  if (auto saved = (*cursor_file)->save(cursor); !saved) return tl::unexpected(saved.error());
  return true;
}

void Exporter::release_start(ObjectId destination) {
  journal_.drop_hold(destination.hex());
  // Left behind it would do no harm: nobody else gets the id.
  (void)files_.remove(data_directory_ + "/cursors/" + destination.hex().append(kCursorSuffix));
}

Result<void> Exporter::repair_cursors() {
  const journal::Position end = journal_.end();
  for (const std::string& folder : {data_directory_ + "/cursors", replay_files_.directory()}) {
    const auto names = files_.list(folder);
    if (!names) continue;  // none yet
    for (const std::string& name : *names) {
      if (!name.ends_with(kCursorSuffix)) continue;
      const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - kCursorSuffix.size()));
      if (!id) continue;
      auto cursor_file = journal::CursorFile::open_existing(folder, *id, files_);
      if (!cursor_file) return tl::unexpected(cursor_file.error());
      if (!*cursor_file || !(*cursor_file)->loaded() || (*cursor_file)->loaded()->position <= end) continue;
      journal::Cursor cursor = *(*cursor_file)->loaded();
      log_warn("export.cursor_pulled_back",
               {{"destination", id->hex()}, {"from", cursor.position.value}, {"to", end.value}});
      cursor.position = end;
      cursor.events_done = 0;
      if (auto saved = (*cursor_file)->save(cursor); !saved) return tl::unexpected(saved.error());
    }
  }
  return {};
}

void Exporter::forget(ObjectId destination) {
  {
    const std::lock_guard lock(mutex_);
    letter_files_.erase(destination);
  }
  journal_.drop_hold(destination.hex());
  for (const std::string& path :
       {data_directory_ + "/cursors/" + destination.hex().append(kCursorSuffix),
        letter_path(destination, kDeadLetterSuffix), letter_path(destination, kReplayLetterSuffix),
        letter_path(destination, ".retrying"), letter_path(destination, ".retried")})
    (void)files_.remove(path);  // it may have none; the next start tries again
  journal_.drop_hold(destination.hex() + "-replay");
  replay_files_.remove(destination);
}

void Exporter::forget_all_but(const catalog::CatalogSnapshot& snapshot) {
  std::set<ObjectId> known;
  for (const catalog::Destination& destination : snapshot.destinations()) known.insert(destination.id);
  for (const auto& [folder, suffix] : {std::pair("/cursors", kCursorSuffix), {"/dead-letters", kDeadLetterSuffix}}) {
    const auto names = files_.list(data_directory_ + folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (!name.ends_with(suffix)) continue;
      const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - suffix.size()));
      if (id && !known.contains(*id)) forget(*id);
    }
  }
}

void Exporter::drain(std::int64_t deadline_ms) {
  const std::int64_t deadline_us = clock_.steady_us() + deadline_ms * 1000;
  const auto drained = [this, since_ms = clock_.wall_ms()] {
    const std::lock_guard lock(mutex_);
    return std::all_of(runners_.begin(), runners_.end(),
                       [since_ms](const auto& runner) { return runner.second->drained(since_ms); });
  };
  while (!drained() && clock_.steady_us() < deadline_us) workers_.pause_us(kDrainLookUs);
  const std::lock_guard lock(mutex_);
  for (auto* all : {&runners_, &replays_})
    for (auto& [id, runner] : *all) runner->begin_stop();
  for (auto* all : {&runners_, &replays_})
    for (auto& [id, runner] : *all) runner->stop();
  for (auto& [id, paused] : paused_) (void)paused.sample();  // one that fails is repeated
}

namespace {

void add_counts(Exporter::Delivered& to, const catalog::Destination& destination,
                const event::EventKindCounts& counts) {
  to.project_key = destination.project_key;
  to.environment_key = destination.environment_key;
  for (std::size_t kind = 0; kind < counts.size(); ++kind) to.by_kind[kind] += counts[kind];
}

}  // namespace

void Exporter::retire(const Runner& runner) {
  add_counts(retired_[runner.destination().id], runner.destination(), runner.pipeline_status().delivered_by_kind);
}

std::map<ObjectId, Exporter::Delivered> Exporter::delivered() const {
  const std::lock_guard lock(mutex_);
  std::map<ObjectId, Delivered> all = retired_;
  for (const auto* running : {&runners_, &replays_})
    for (const auto& [id, runner] : *running)
      add_counts(all[id], runner->destination(), runner->pipeline_status().delivered_by_kind);
  return all;
}

std::vector<DestinationStatus> Exporter::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<DestinationStatus> all;
  for (const auto& [id, runner] : runners_) {
    all.push_back(runner->status());
    all.back().replay = replay_status(id);
  }
  for (const auto& [id, destination] : off_) {
    DestinationStatus status;
    status.destination = destination;
    status.replay = replay_status(id);
    all.push_back(std::move(status));
  }
  return all;
}

std::optional<DestinationStatus> Exporter::status(ObjectId id) const {
  const std::lock_guard lock(mutex_);
  DestinationStatus status;
  if (const auto on = runners_.find(id); on != runners_.end()) {
    status = on->second->status();
  } else if (const auto off = off_.find(id); off != off_.end()) {
    status.destination = off->second;
  } else {
    return std::nullopt;
  }
  status.replay = replay_status(id);
  return status;
}

std::vector<HistoryStep> Exporter::history(ObjectId id, HistorySpan span) const {
  const std::lock_guard lock(mutex_);
  const auto found = runners_.find(id);
  return found == runners_.end() ? std::vector<HistoryStep>() : found->second->history(span);
}

}  // namespace sluice::exporting
